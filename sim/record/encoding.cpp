#include "sim/record/encoding.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace msfusion {

namespace {

/// Takes a text apart from left to right; whatever is not as expected throws.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text), rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  bool skip(char sign) {
    if (rest_.empty() || rest_.front() != sign) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void expect(char sign) { require(skip(sign)); }

  template <class Number>
  Number number() {
    Number value{};
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    require(error == std::errc{});
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }

  void require(bool as_expected) const {
    if (!as_expected) throw std::invalid_argument(fmt::format("\"{:.60}\" is no slice and no list of spans", text_));
  }

 private:
  std::string_view text_, rest_;
};

/// Calls `read` for each of the parts, which are separated by blanks.
template <class Part, class Read>
std::vector<Part> parts_of(const std::string& text, Read&& read) {
  std::vector<Part> parts;
  Scanner scanner(text);
  while (!scanner.at_end()) {
    if (!parts.empty()) scanner.expect(' ');
    parts.push_back(read(scanner));
  }
  return parts;
}

}  // namespace

std::string text_of(const std::vector<AxisSlice>& slice) {
  std::string text;
  for (const AxisSlice& axis : slice)
    text += fmt::format("{}{}{}+{}/{}", text.empty() ? "" : " ", axis.is_window ? "" : "~", axis.start, axis.length,
                        axis.size);
  return text;
}

std::string text_of(const std::vector<SpanRecord>& spans) {
  std::string text;
  for (const SpanRecord& span : spans)
    text += fmt::format("{}{}{}{}:{:.9g}:{:.9g}", text.empty() ? "" : " ", span.computes ? "c" : "",
                        span.sends ? "s" : "", span.receives ? "r" : "", span.from_seconds, span.to_seconds);
  return text;
}

std::vector<AxisSlice> slice_from(const std::string& text) {
  return parts_of<AxisSlice>(text, [](Scanner& scanner) {
    AxisSlice axis;
    axis.is_window = !scanner.skip('~');
    axis.start = scanner.number<int>();
    scanner.expect('+');
    axis.length = scanner.number<int>();
    scanner.expect('/');
    axis.size = scanner.number<int>();
    scanner.require(axis.start >= 0 && axis.start < axis.size && axis.length >= 1 && axis.length <= axis.size);
    return axis;
  });
}

std::vector<SpanRecord> spans_from(const std::string& text) {
  return parts_of<SpanRecord>(text, [](Scanner& scanner) {
    SpanRecord span;
    span.computes = scanner.skip('c');
    span.sends = scanner.skip('s');
    span.receives = scanner.skip('r');
    scanner.expect(':');
    span.from_seconds = scanner.number<double>();
    scanner.expect(':');
    span.to_seconds = scanner.number<double>();
    scanner.require(span.computes || span.sends || span.receives);
    scanner.require(std::isfinite(span.from_seconds) && std::isfinite(span.to_seconds) &&
                    span.from_seconds <= span.to_seconds);
    return span;
  });
}

}  // namespace msfusion
