#include "sim/scenario/attribute_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

namespace msfusion {

namespace {

std::string trimmed(const std::string& text) {
  constexpr const char* kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string clipped(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

std::optional<int> parse_int(const std::string& text) {
  const auto value = parse_integer(text);
  if (!value || *value < std::numeric_limits<int>::min() || *value > std::numeric_limits<int>::max()) return {};
  return static_cast<int>(*value);
}

}  // namespace

AttributeReader::AttributeReader(ReadingContext& context, std::string element_name, std::optional<XmlElement> element)
    : context_(context), element_name_(std::move(element_name)), element_(element) {}

std::vector<std::string> AttributeReader::names() const {
  std::vector<std::string> all;
  if (!element_) return all;
  for (const auto& [name, value] : element_->attributes()) all.push_back(name);
  return all;
}

std::string AttributeReader::text(const std::string& name, const std::string& fallback) {
  return has(name) ? trimmed(*element_->attribute(name)) : fallback;
}

std::optional<double> AttributeReader::number(const std::string& name) {
  if (!has(name)) return {};
  const auto value = parse_number(text(name));
  if (!value) refuse(name);
  return value;
}

double AttributeReader::number(const std::string& name, double fallback) {
  return number(name).value_or(fallback);
}

std::optional<std::int64_t> AttributeReader::integer(const std::string& name) {
  if (!has(name)) return {};
  const auto value = parse_integer(text(name));
  if (!value) refuse(name);
  return value ? std::optional<std::int64_t>(*value) : std::nullopt;
}

int AttributeReader::integer(const std::string& name, int fallback) {
  if (!has(name)) return fallback;
  const auto value = parse_int(text(name));
  if (!value) refuse(name);
  return value.value_or(fallback);
}

bool AttributeReader::on_off(const std::string& name, bool fallback) {
  return choice(name, fallback, {{"on", true}, {"off", false}});
}

std::optional<double> AttributeReader::quantity(const std::string& name, Quantity quantity) {
  if (!has(name)) return {};
  const auto value = parse_quantity(text(name), quantity);
  if (value && *value >= 0) return value;
  refuse(name);
  return {};
}

std::vector<double> AttributeReader::numbers(const std::string& name) {
  std::vector<double> all;
  for (const std::string& word : words(name)) {
    const auto value = parse_number(word);
    if (!value) {
      refuse(name);
      return {};
    }
    all.push_back(*value);
  }
  return all;
}

std::vector<int> AttributeReader::integers(const std::string& name, std::vector<int> fallback) {
  if (!has(name)) return fallback;
  std::vector<int> all;
  for (const std::string& word : words(name)) {
    const auto value = parse_int(word);
    if (!value) {
      refuse(name);
      return fallback;
    }
    all.push_back(*value);
  }
  return all;
}

std::vector<std::uint64_t> AttributeReader::seeds(const std::string& name, std::vector<std::uint64_t> fallback) {
  if (!has(name)) return fallback;
  std::vector<std::uint64_t> all;
  for (const std::string& word : words(name)) {
    std::uint64_t value = 0;  // parse_integer ends at the largest signed number
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) {
      refuse(name);
      return fallback;
    }
    all.push_back(value);
  }
  return all;
}

bool AttributeReader::refused(const std::string& name) const {
  return refused_.count(name) > 0;
}

void AttributeReader::belongs_to(const std::string& other, bool condition, const std::string& condition_text,
                                 std::initializer_list<const char*> names) {
  if (condition || refused(other)) return;
  for (const char* name : names)
    if (has(name)) mistake(name, quote(name), "allowed only with " + condition_text);
}

void AttributeReader::mistake(const std::string& name, const std::string& found, const std::string& allowed) {
  for (const SetAttribute& change : context_.changes) {
    if (element_ && change.element == *element_ && change.attribute == name) {
      context_.mistakes.push_back({change.text, 0, found, allowed});
      return;
    }
  }
  context_.mistakes.push_back({context_.file, line_of(name), found, allowed});
}

std::string AttributeReader::quote(const std::string& name) const {
  const std::string value = element_ ? element_->attribute(name).value_or("") : "";
  return fmt::format("{}=\"{}\" in <{}>", name, clipped(value), element_name_);
}

void AttributeReader::refuse(const std::string& name) {
  refused_.insert(name);
  const std::string found = text(name);
  mistake(name, quote(name), "allowed: " + context_.guide.allowed(element_name_, name, found));
}

std::vector<std::string> AttributeReader::words(const std::string& name) const {
  if (!has(name)) return {};
  std::istringstream in(*element_->attribute(name));
  std::vector<std::string> all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

}  // namespace msfusion
