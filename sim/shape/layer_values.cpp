#include "sim/shape/layer_values.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cmath>
#include <cstdlib>

namespace msfusion {

namespace {

constexpr std::size_t kLongest = 1000;  // characters of an expression, which bounds its depth, too
constexpr double kLargest = 1e12;

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// Reads one expression from left to right.
class Parser {
 public:
  Parser(const std::string& text, const LayerVariables& variables) : text_(text), variables_(variables) {}

  double whole_text() {
    if (text_.size() > kLongest) throw ValueError("the expression is too long");
    const double value = comparison();
    if (peek() != '\0') throw ValueError(fmt::format("'{}' stands where the expression ends", text_.substr(at_)));
    return value;
  }

 private:
  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  static double finite(double value) {
    if (!(std::abs(value) <= kLargest)) throw ValueError("the value is too large");
    return value;
  }

  double comparison() {
    const double left = sum();
    if (take('=')) return left == sum() ? 1 : 0;
    if (take('>')) return left > sum() ? 1 : 0;
    if (take('<')) return left < sum() ? 1 : 0;
    return left;
  }
  double sum() {
    double value = product();
    for (;;) {
      if (take('+'))
        value = finite(value + product());
      else if (take('-'))
        value = finite(value - product());
      else
        return value;
    }
  }
  double product() {
    double value = factor();
    for (;;) {
      if (take('*'))
        value = finite(value * factor());
      else if (take('/'))
        value = finite(value / divisor());
      else if (take('%'))
        value = std::fmod(value, divisor());
      else
        return value;
    }
  }
  double divisor() {
    const double value = factor();
    if (value == 0) throw ValueError("a division by 0");
    return value;
  }
  double factor() {
    if (take('-')) return -factor();
    if (take('(')) {
      const double value = comparison();
      if (!take(')')) throw ValueError("a ) is missing");
      return value;
    }
    if (take('$')) return variable();
    if (std::isalpha(static_cast<unsigned char>(peek()))) return word();
    return literal(peek());
  }
  double literal(char first) {
    if (!std::isdigit(static_cast<unsigned char>(first)) && first != '.')
      throw ValueError(first == '\0' ? "a value is missing" : fmt::format("'{}' is no value", text_.substr(at_)));
    std::size_t end = at_;
    while (end < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[end])) || text_[end] == '.')) ++end;
    const std::string digits = text_.substr(at_, end - at_);
    char* behind = nullptr;
    const double value = std::strtod(digits.c_str(), &behind);
    if (*behind != '\0') throw ValueError(fmt::format("'{}' is no number", digits));
    at_ = end;
    return finite(value);
  }
  double word() {
    const std::string word = name();
    if (word == "yes") return 1;
    if (word == "no") return 0;
    throw ValueError(fmt::format("'{}' is neither a number nor a $name", word));
  }
  double variable() {
    const bool in_braces = at_ < text_.size() && text_[at_] == '{';
    if (in_braces) ++at_;
    const std::string& value = variables_.text(name());
    if (in_braces && !take('}')) throw ValueError("a } is missing");
    const std::vector<std::string> items = items_of(value);
    if (!take('[')) {
      if (items.size() != 1)
        throw ValueError(fmt::format("a list of {} stands where a number is needed", items.size()));
      return number_of(items.front());
    }
    const double place = comparison();
    if (!take(']')) throw ValueError("a ] is missing");
    if (!(place >= 1 && place <= static_cast<double>(items.size())) || place != std::floor(place))
      throw ValueError(fmt::format("item {} of a list of {}", place, items.size()));
    return number_of(items[static_cast<std::size_t>(place) - 1]);
  }
  static double number_of(const std::string& item) {
    if (item == "yes") return 1;
    if (item == "no") return 0;
    char* behind = nullptr;
    const double value = std::strtod(item.c_str(), &behind);
    if (item.empty() || *behind != '\0') throw ValueError(fmt::format("'{}' is no number", item));
    return finite(value);
  }
  std::string name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  const std::string& text_;
  const LayerVariables& variables_;
  std::size_t at_ = 0;
};

}  // namespace

void LayerVariables::set(const std::string& name, double value) {
  values_[name] = fmt::format("{}", value);
}

const std::string& LayerVariables::text(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw ValueError(fmt::format("there is no ${}", name));
  return found->second;
}

double LayerVariables::number(const std::string& expression) const {
  return Parser(expression, *this).whole_text();
}

std::string LayerVariables::filled(const std::string& text) const {
  std::string result;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$') {
      result += text[i++];
      continue;
    }
    const bool in_braces = i + 1 < text.size() && text[i + 1] == '{';
    const std::size_t begin = i + (in_braces ? 2 : 1);
    std::size_t end = begin;
    while (end < text.size() && is_name(text[end])) ++end;
    if (in_braces && (end == text.size() || text[end] != '}')) throw ValueError("a } is missing");
    result += this->text(text.substr(begin, end - begin));
    if (result.size() > kLongest) throw ValueError("the text is too long");
    i = end + (in_braces ? 1 : 0);
  }
  return result;
}

std::vector<std::string> items_of(const std::string& text) {
  std::vector<std::string> items;
  std::string item;
  for (const char c : text + " ") {
    if (!std::isspace(static_cast<unsigned char>(c))) {
      item += c;
    } else if (!item.empty()) {
      items.push_back(std::move(item));
      item.clear();
    }
  }
  return items;
}

}  // namespace msfusion
