#include "sim/data/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/locale/utf.hpp>
#include <limits>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "sim/base/error.hpp"
#include "sim/data/input_file.hpp"

namespace msfusion {

namespace {
constexpr const char* kEndOfLine = "<eos>";
constexpr const char* kUnknown = "<unk>";

/// Numbers the distinct tokens in the order in which they come; sorting them by frequency waits until all are seen.
class TokenNumbers {
 public:
  std::int32_t number(const std::string& token) {
    const auto [place, added] = numbers_.try_emplace(token, static_cast<std::int32_t>(texts_.size()));
    if (added) texts_.push_back(&place->first);
    return place->second;
  }
  std::size_t size() const { return texts_.size(); }
  const std::string& text(std::size_t number) const { return *texts_[number]; }

 private:
  std::unordered_map<std::string, std::int32_t> numbers_;
  std::vector<const std::string*> texts_;  // the map's keys: they stay where they are
};

/// Cuts bytes that arrive in pieces into tokens.
class Tokeniser {
 public:
  Tokeniser(TextUnit unit, const InputFile& file, TokenNumbers& numbers, std::vector<std::int32_t>& out)
      : unit_(unit), file_(file), numbers_(numbers), out_(out) {}

  void take(std::string_view bytes) {
    for (const char byte : bytes) {
      unit_ == TextUnit::word ? take_word_byte(byte) : take_character_byte(byte);
      ++offset_;
    }
  }

  void end() {
    if (unit_ == TextUnit::character) {
      if (!pending_.empty()) fail("the text ends within a character");
      return;
    }
    end_word();
    if (line_has_bytes_) emit(kEndOfLine);
  }

 private:
  void take_word_byte(char byte) {
    if (byte == '\n') {
      end_word();
      emit(kEndOfLine);
      line_has_bytes_ = false;
      return;
    }
    line_has_bytes_ = true;
    if (byte == ' ' || (byte >= '\t' && byte <= '\r')) {
      end_word();
    } else {
      pending_ += byte;
    }
  }

  void take_character_byte(char byte) {
    using Utf8 = boost::locale::utf::utf_traits<char>;
    pending_ += byte;
    auto begin = pending_.cbegin();
    const auto code = Utf8::decode(begin, pending_.cend());
    if (code == boost::locale::utf::illegal) fail("not UTF-8");
    if (code == boost::locale::utf::incomplete) return;
    emit(pending_);
    pending_.clear();
  }

  void end_word() {
    if (pending_.empty()) return;
    emit(pending_);
    pending_.clear();
  }

  void emit(const std::string& token) {
    // Samples and tokens are numbered with 32 bits.
    if (out_.size() == static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) fail("too many tokens");
    out_.push_back(numbers_.number(token));
  }

  [[noreturn]] void fail(const std::string& found) const {
    file_.fail(offset_, found, "at most 2^31 - 1 tokens; characters in UTF-8");
  }

  TextUnit unit_;
  const InputFile& file_;
  TokenNumbers& numbers_;
  std::vector<std::int32_t>& out_;
  std::string pending_;
  std::uint64_t offset_ = 0;
  bool line_has_bytes_ = false;
};

std::vector<std::int32_t> read_tokens(const std::string& path, TextUnit unit, TokenNumbers& numbers) {
  InputFile file(path);
  std::vector<std::int32_t> tokens;
  Tokeniser tokeniser(unit, file, numbers, tokens);
  std::vector<std::uint8_t> buffer(1u << 20);
  while (const std::size_t got = file.read_some(buffer.data(), buffer.size())) {
    tokeniser.take({reinterpret_cast<const char*>(buffer.data()), got});
  }
  tokeniser.end();
  tokens.shrink_to_fit();
  return tokens;
}

/// From numbers in order of appearance to the vocabulary that `train` alone decides.
Dataset with_vocabulary(std::vector<std::int32_t> train, std::vector<std::int32_t> test, const TokenNumbers& numbers,
                        TextUnit unit, int window) {
  std::vector<std::int64_t> counts(numbers.size(), 0);
  for (const auto token : train) ++counts[static_cast<std::size_t>(token)];
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) order.push_back(i);
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return counts[a] != counts[b] ? counts[a] > counts[b] : numbers.text(a) < numbers.text(b);
  });

  Dataset data;
  data.kind = DataKind::tokens;
  data.window = window;
  constexpr std::int32_t kAbsent = -1;
  std::vector<std::int32_t> final_number(numbers.size(), kAbsent);
  std::int32_t unknown = kAbsent;
  for (const auto token : order) {
    final_number[token] = static_cast<std::int32_t>(data.vocabulary.size());
    if (unit == TextUnit::word && numbers.text(token) == kUnknown) unknown = final_number[token];
    data.vocabulary.push_back(numbers.text(token));
  }
  for (auto& token : train) token = final_number[static_cast<std::size_t>(token)];
  for (auto& token : test) {
    token = final_number[static_cast<std::size_t>(token)];
    if (token != kAbsent) continue;
    if (unknown == kAbsent) {
      unknown = static_cast<std::int32_t>(data.vocabulary.size());
      data.vocabulary.push_back(kUnknown);
    }
    token = unknown;
  }
  data.classes = static_cast<int>(data.vocabulary.size());
  data.train_tokens.tokens = std::move(train);
  data.test_tokens.tokens = std::move(test);
  return data;
}

void expect_a_window(const std::string& file, std::size_t tokens, const char* split, int window) {
  if (tokens > static_cast<std::size_t>(window)) return;
  throw UserError({file, 0, fmt::format("{} tokens of {} text", tokens, split),
                   fmt::format("at least {}: one window and the token after it", window + 1)});
}
}  // namespace

Dataset read_text(const std::string& train_file, const std::string& test_file, TextUnit unit, int window) {
  TokenNumbers numbers;
  auto train = read_tokens(train_file, unit, numbers);
  auto test = read_tokens(test_file, unit, numbers);
  expect_a_window(train_file, train.size(), "training", window);
  expect_a_window(test_file, test.size(), "test", window);
  return with_vocabulary(std::move(train), std::move(test), numbers, unit, window);
}

Dataset read_clients_text(const std::vector<std::string>& files, TextUnit unit, int window) {
  TokenNumbers numbers;
  const std::int32_t line_end = numbers.number(unit == TextUnit::word ? kEndOfLine : "\n");
  std::vector<std::int32_t> train, test, groups;
  for (std::size_t client = 0; client < files.size(); ++client) {
    const auto tokens = read_tokens(files[client], unit, numbers);
    const std::size_t own = tokens.size() - tokens.size() / 10, length = static_cast<std::size_t>(window);
    const std::size_t windows = (own + 1) / length;
    if (windows == 0)
      throw UserError({files[client], 0, fmt::format("{} tokens of training text (all but the last tenth)", own),
                       fmt::format("at least {}: each file is a client, with one window or more", window - 1)});
    const auto begin = tokens.begin(), end = begin + static_cast<std::ptrdiff_t>(own);
    train.push_back(line_end);
    train.insert(train.end(), begin, begin + static_cast<std::ptrdiff_t>(windows * length - 1));
    groups.insert(groups.end(), windows, static_cast<std::int32_t>(client));
    test.push_back(line_end);
    test.insert(test.end(), end, tokens.end());
    if (train.size() + test.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
      throw UserError({files[client], 0, "too many tokens", "at most 2^31 - 1 in all files together"});
  }
  train.push_back(line_end);  // what the last window's last token is followed by
  expect_a_window(files.front(), test.size(), "test (the last tenth of every file)", window);
  Dataset data = with_vocabulary(std::move(train), std::move(test), numbers, unit, window);
  data.train_images.groups = std::move(groups);  // where every natural partition has its key
  return data;
}

Dataset read_text(const std::string& file, TextUnit unit, int window) {
  TokenNumbers numbers;
  auto train = read_tokens(file, unit, numbers);
  const auto cut = train.end() - static_cast<std::ptrdiff_t>(train.size() / 10);
  std::vector<std::int32_t> test(cut, train.end());
  train.erase(cut, train.end());
  expect_a_window(file, train.size(), "training", window);
  expect_a_window(file, test.size(), "test (the last tenth)", window);
  return with_vocabulary(std::move(train), std::move(test), numbers, unit, window);
}

}  // namespace msfusion
