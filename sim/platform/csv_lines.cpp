#include "sim/platform/csv_lines.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "sim/base/input_files.hpp"

namespace msfusion {

namespace {

constexpr std::uintmax_t kMostBytes = std::uintmax_t{2} << 30;
constexpr std::size_t kLongestLine = 4096, kEnough = 20, kPart = std::size_t{1} << 20;
constexpr double kLargest = 1e15;

[[noreturn]] void refuse(const std::string& file, int line, const std::string& found, const std::string& allowed) {
  throw UserError(Mistake{file, line, found, allowed});
}

std::string_view trimmed_of(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

class Lines {
 public:
  explicit Lines(const std::string& file) : file_(file), in_(file, std::ios::binary) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error) || !in_)
      refuse(file, 0, "the file cannot be read", "a text file of numbers separated by commas");
    if (std::filesystem::file_size(file, error) > kMostBytes)
      refuse(file, 0, "a file of more than 2 GiB", "a part of it");
    part_.resize(kPart);
  }

  /// The next line without its end; none: there is no further one.
  std::optional<std::string_view> next() {
    ++number_;
    line_.clear();
    while (true) {
      if (at_ == filled_) {
        in_.read(part_.data(), static_cast<std::streamsize>(part_.size()));
        filled_ = static_cast<std::size_t>(in_.gcount());
        at_ = 0;
        if (filled_ == 0) return line_.empty() ? std::nullopt : std::optional<std::string_view>(line_);
      }
      const char* begin = part_.data() + at_;
      const auto* end = static_cast<const char*>(std::memchr(begin, '\n', filled_ - at_));
      const std::size_t length = end ? static_cast<std::size_t>(end - begin) : filled_ - at_;
      if (line_.size() + length > kLongestLine)
        refuse(file_, number_, "a line of more than 4096 characters", "a short line of numbers");
      if (end && line_.empty()) {
        at_ += length + 1;
        return std::string_view(begin, length);
      }
      line_.append(begin, length);
      at_ += length + (end ? 1 : 0);
      if (end) return line_;
    }
  }

  int number() const { return number_; }

 private:
  std::string file_;
  std::ifstream in_;
  std::vector<char> part_;
  std::string line_;  // one that parts of the file share
  std::size_t at_ = 0, filled_ = 0;
  int number_ = 0;
};

void split(std::string_view text, std::vector<std::string_view>& fields) {
  fields.clear();
  while (true) {
    const std::size_t comma = text.find(',');
    fields.push_back(trimmed_of(text.substr(0, comma)));
    if (comma == std::string_view::npos) return;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

void read_csv_lines(const std::string& file, const std::vector<std::string>& columns,
                    const std::function<void(std::string_view)>& comment,
                    const std::function<std::optional<std::pair<std::string, std::string>>(const CsvLine&)>& line) {
  InputLog::note(file);
  Lines lines(file);
  CsvLine now;
  bool has_heading = false;
  std::vector<Mistake> mistakes;
  while (const auto read = lines.next()) {
    std::string_view text = trimmed_of(*read);
    now.number = lines.number();
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";  // which spreadsheets write
    if (now.number == 1 && text.substr(0, kByteOrderMark.size()) == kByteOrderMark)
      text.remove_prefix(kByteOrderMark.size());
    if (text.empty()) continue;
    if (text.front() == '#') {
      if (comment) comment(text.substr(1));
      continue;
    }
    split(text, now.fields);
    if (!has_heading) {
      has_heading = true;
      if (!std::equal(columns.begin(), columns.end(), now.fields.begin(), now.fields.end()))
        refuse(file, now.number, fmt::format("the heading \"{}\"", text), fmt::format("{}", fmt::join(columns, ",")));
      continue;
    }
    if (now.fields.size() != columns.size())
      mistakes.push_back({file, now.number, fmt::format("{} fields", now.fields.size()),
                          fmt::format("{}: {}", columns.size(), fmt::join(columns, ","))});
    else if (auto mistake = line(now))
      mistakes.push_back({file, now.number, std::move(mistake->first), std::move(mistake->second)});
    if (mistakes.size() == kEnough) break;
  }
  if (mistakes.empty() && !has_heading)
    refuse(file, 0, "an empty file", fmt::format("the heading {}, then lines of numbers", fmt::join(columns, ",")));
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

std::optional<double> csv_number(std::string_view text, double low) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= low) || value > kLargest) return {};
  return value;
}

}  // namespace msfusion
