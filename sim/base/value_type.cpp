#include "sim/base/value_type.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "sim/base/spelling.hpp"

namespace msfusion {

namespace {

constexpr int kMostItems = 1000;
constexpr const char* kNumberPattern = R"(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+\-]?[0-9]+)?)";

/// A name for the schema: "a number from 0 to 1" becomes "number-from-0-to-1".
std::string schema_name(const std::string& allowed) {
  std::string name;
  for (const char c : allowed.rfind("a ", 0) == 0 ? allowed.substr(2) : allowed)
    name += (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' ? c : '-';
  return name;
}

std::string facet(const char* name, const std::string& value) {
  return fmt::format("<xs:{} value=\"{}\"/>", name, value);
}

std::string restriction(const std::string& base, const std::string& facets) {
  return fmt::format("<xs:restriction base=\"{}\">{}</xs:restriction>", base, facets);
}

bool has_sign(const std::string& text) {
  return !text.empty() && (text.front() == '-' || text.front() == '+');
}

template <class T>
TypeOf<T> whole_type(T low, T high, const char* base) {
  TypeOf<T> type;
  type.allowed = fmt::format("a whole number from {} to {}", low, high);
  type.name = schema_name(type.allowed);
  type.schema = restriction(base, facet("pattern", "[0-9]+") + facet("minInclusive", fmt::to_string(low)) +
                                      facet("maxInclusive", fmt::to_string(high)));
  type.parse = [low, high](const std::string& written) -> std::optional<T> {
    const std::string text = trimmed(written);
    T value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || has_sign(text)) return {};
    return value >= low && value <= high ? std::optional<T>(value) : std::nullopt;
  };
  type.write = [](const T& value) { return fmt::to_string(value); };
  return type;
}

struct Bounds {
  double low, high;
  bool with_low, with_high;
};

/// The base of all numbers: decimal and without a sign, which double's own lexical space allows.
ValueType any_number() {
  ValueType type;
  type.name = "number";
  type.allowed = "a decimal number";
  type.schema = restriction("xs:double", facet("pattern", kNumberPattern));
  return type;
}

/// What the schema says of a number that may be written as a fraction too.
std::string or_fraction(const std::string& decimals) {
  return fmt::format("<xs:union><xs:simpleType>{}</xs:simpleType><xs:simpleType>{}</xs:simpleType></xs:union>",
                     decimals, restriction("xs:token", facet("pattern", "[0-9]+/[0-9]+")));
}

TypeOf<double> number_type(const Bounds& bounds) {
  TypeOf<double> type;
  const std::string low = decimal(bounds.low), high = decimal(bounds.high);
  type.allowed = bounds.with_low
                     ? fmt::format("a number from {} to {}{}", low, bounds.with_high ? "" : "less than ", high)
                     : fmt::format("a number above {} and up to {}", low, high);
  type.name = schema_name(type.allowed);
  type.is_share = bounds.high == 1;
  type.parts = {any_number()};
  const std::string decimals =
      restriction(type.parts.front().name, facet(bounds.with_low ? "minInclusive" : "minExclusive", low) +
                                               facet(bounds.with_high ? "maxInclusive" : "maxExclusive", high));
  type.schema = bounds.high > 1 ? decimals : or_fraction(decimals);
  type.parse = [bounds](const std::string& written) -> std::optional<double> {
    const std::string text = trimmed(written);
    const auto value = has_sign(text) ? std::nullopt : bounds.high <= 1 ? parse_share(text) : parse_number(text);
    if (!value || (bounds.with_low ? *value < bounds.low : *value <= bounds.low)) return {};
    return (bounds.with_high ? *value > bounds.high : *value >= bounds.high) ? std::nullopt : value;
  };
  type.write = decimal;
  return type;
}

template <class T>
TypeOf<std::vector<T>> list_type(const TypeOf<T>& item) {
  TypeOf<std::vector<T>> type;
  const std::string one = item.allowed.substr(2);  // "whole number from .."
  const std::size_t noun_end = one.find("number") + 6;
  type.allowed =
      fmt::format("1 to {} {}s{}, separated by blanks", kMostItems, one.substr(0, noun_end), one.substr(noun_end));
  type.name = "list-of-" + item.name;
  type.is_share = item.is_share;
  type.parts = {item.without_values()};
  type.schema =
      fmt::format("<xs:restriction><xs:simpleType><xs:list itemType=\"{}\"/></xs:simpleType>{}</xs:restriction>",
                  item.name, facet("minLength", "1") + facet("maxLength", fmt::to_string(kMostItems)));
  type.parse = [parse = item.parse](const std::string& text) -> std::optional<std::vector<T>> {
    std::vector<T> values;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      const auto value = parse(word);
      if (!value || values.size() == kMostItems) return {};
      values.push_back(*value);
    }
    return values.empty() ? std::nullopt : std::optional(values);
  };
  type.write = [write = item.write](const std::vector<T>& values) {
    std::string text;
    for (const T& value : values) text += (text.empty() ? "" : " ") + write(value);
    return text;
  };
  return type;
}

/// What XML schemas count: characters, not bytes.
int characters_of(const std::string& text) {
  int characters = 0;
  for (const char c : text) characters += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return characters;
}

TypeOf<std::string> text_type(std::string name, std::string allowed, int shortest, int longest) {
  TypeOf<std::string> type;
  type.name = std::move(name);
  type.allowed = std::move(allowed);
  type.schema = restriction("xs:string", (shortest > 0 ? facet("minLength", fmt::to_string(shortest)) : "") +
                                             facet("maxLength", fmt::to_string(longest)));
  type.parse = [shortest, longest](const std::string& text) -> std::optional<std::string> {
    const int characters = characters_of(text);
    return characters < shortest || characters > longest ? std::nullopt : std::optional(trimmed(text));
  };
  type.write = [](const std::string& text) { return text; };
  return type;
}

std::string with_every(std::string text, char old, char replacement) {
  std::replace(text.begin(), text.end(), old, replacement);
  return text;
}

/// What people write for what they mean: decimal and list commas, percentages, other currencies. Whether one of them is
/// a value is for the type to say.
std::vector<std::string> repairs(const std::string& found, bool is_share) {
  if (found.size() > 100) return {};
  std::vector<std::string> all;
  if (found.find(',') != std::string::npos) all = {with_every(found, ',', '.'), with_every(found, ',', ' ')};
  const std::string number = !found.empty() && found.back() == '%' ? trimmed(found.substr(0, found.size() - 1)) : found;
  if (const auto percent = parse_number(number); is_share && percent && *percent > 1)
    all.push_back(decimal(*percent / 100));
  const std::size_t slash = found.find('/');
  const auto is_upper = [&](std::size_t i) { return found[i] >= 'A' && found[i] <= 'Z'; };
  if (slash != std::string::npos && slash >= 3 && is_upper(slash - 1) && is_upper(slash - 2) && is_upper(slash - 3))
    all.push_back(found.substr(0, slash - 3) + "USD" + found.substr(slash));
  return all;
}

bool is_identifier(const std::string& text) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (text.empty() || text.size() > 100 || text.front() == '.') return false;
  for (const char c : text)
    if (!fits(c)) return false;
  return true;
}

}  // namespace

std::string ValueType::instead_of(const std::string& found) const {
  if (!words.empty() && !is_path) return one_of(trimmed(found), words);
  for (const std::string& repaired : repairs(trimmed(found), is_share))
    if (accepts(repaired))
      return fmt::format("{}; did you mean '{}'?{}", allowed, repaired,
                         repaired.find("USD") == repaired.npos ? "" : " USD stands for any currency");
  return allowed;
}

std::string trimmed(const std::string& text) {
  constexpr const char* kBlanks = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string decimal(double value) {
  char digits[32];
  std::string text(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  const std::size_t exponent = text.find('e');
  if (exponent == std::string::npos) return text;
  const std::string power = fmt::to_string(std::stoi(text.substr(exponent + 1)));  // "+12" and "-08" lose what is extra
  return text.substr(0, exponent) + "e" + power;
}

TypeOf<std::int64_t> whole(std::int64_t low, std::int64_t high) {
  return whole_type<std::int64_t>(low, high, "xs:long");
}

TypeOf<std::uint64_t> whole_of_64_bits() {
  return whole_type<std::uint64_t>(0, UINT64_MAX, "xs:unsignedLong");
}

TypeOf<double> number_from(double low, double high) {
  return number_type({low, high, true, true});
}

TypeOf<double> number_above(double low, double high) {
  return number_type({low, high, false, true});
}

TypeOf<double> number_below(double low, double high) {
  return number_type({low, high, true, false});
}

TypeOf<std::vector<std::int64_t>> list_of(const TypeOf<std::int64_t>& item) {
  return list_type(item);
}

TypeOf<std::vector<std::uint64_t>> list_of(const TypeOf<std::uint64_t>& item) {
  return list_type(item);
}

TypeOf<std::vector<double>> list_of(const TypeOf<double>& item) {
  return list_type(item);
}

TypeOf<double> quantity(Quantity quantity, const std::string& example) {
  TypeOf<double> type;
  std::string units = allowed_units(quantity), alternatives;
  for (const char c : units) alternatives += c == ',' ? "|" : c == ' ' ? "" : std::string(1, c);
  const std::size_t last = units.rfind(", ");
  if (last != std::string::npos) units.replace(last, 2, " or ");
  type.allowed =
      fmt::format("a number with {}{} (\"{}\")", last == std::string::npos ? "the unit " : "a unit: ", units, example);
  type.name = "number-with-" + std::string(alternatives.find('|') == std::string::npos ? "unit-" : "units-");
  for (const char c : alternatives) type.name += c == '|' || c == '/' ? '-' : c;
  type.schema = restriction("xs:token", facet("pattern", fmt::format("{} ?({})|0", kNumberPattern, alternatives)));
  type.parse = [quantity](const std::string& written) -> std::optional<double> {
    const std::string text = trimmed(written);
    return has_sign(text) ? std::nullopt : parse_quantity(text, quantity);
  };
  type.write = decimal;
  return type;
}

TypeOf<std::string> text_up_to(int characters) {
  return text_type("text", fmt::format("at most {} characters", characters), 0, characters);
}

TypeOf<std::string> line_up_to(int characters) {
  return text_type("line", fmt::format("1 to {} characters", characters), 1, characters);
}

TypeOf<std::string> path() {
  TypeOf<std::string> type =
      text_type("path", "the path of a file or folder, relative to the scenario's own folder or absolute", 1, 4000);
  type.is_path = true;
  return type;
}

TypeOf<std::string> identifier() {
  TypeOf<std::string> type;
  type.name = "identifier";
  type.allowed = "1 to 100 letters, digits, '.', '_' or '-', the first of them no '.'";
  type.schema = restriction("xs:token", facet("pattern", R"([A-Za-z0-9_\-][A-Za-z0-9._\-]{0,99})"));
  type.parse = [](const std::string& written) -> std::optional<std::string> {
    const std::string text = trimmed(written);
    return is_identifier(text) ? std::optional(text) : std::nullopt;
  };
  type.write = [](const std::string& text) { return text; };
  return type;
}

ValueType words_type(const std::string& name, std::vector<std::string> words) {
  ValueType type;
  type.name = name;
  std::string facets;
  for (const std::string& word : words) {
    type.allowed += (type.allowed.empty() ? "" : ", ") + word;
    facets += facet("enumeration", word);
  }
  type.schema = restriction("xs:token", facets);
  type.accepts = [words](const std::string& text) {
    return std::find(words.begin(), words.end(), trimmed(text)) != words.end();
  };
  type.words = std::move(words);
  return type;
}

TypeOf<bool> on_off() {
  static constexpr std::array<Choice<bool>, 2> kOnOff{{{true, "on", ""}, {false, "off", ""}}};
  return one_of_table("on-off", kOnOff);
}

}  // namespace msfusion
