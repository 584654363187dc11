#include "sim/platform/element_checks.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

#include "sim/base/units.hpp"

namespace msfusion {

namespace {

/// The number that a quantity begins with. SimGrid knows more spellings of units than we do and reports the rest with a
/// line, so the unit is left to it.
std::optional<double> leading_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !std::isfinite(value)) return {};
  return value;
}

std::vector<std::string> split_at(const std::string& text, const char* separator) {
  std::vector<std::string> parts;
  boost::split(parts, text, boost::is_any_of(separator));
  return parts;
}

}  // namespace

std::string ElementChecks::required(const XmlElement& element, const std::string& name) {
  const auto value = element.attribute(name);
  if (!value)
    report(element.line(), fmt::format("a <{}> without {}", element.name(), name), fmt::format("{}=\"..\"", name));
  return value.value_or("");
}

int ElementChecks::speeds(const XmlElement& element, const std::string& attribute) {
  const std::string text = required(element, attribute);
  if (text.empty()) return 1;
  const std::vector<std::string> speeds = split_at(text, ",");
  for (const std::string& speed : speeds) {
    const auto value = leading_number(speed);
    if (!value || !(*value > 0)) {
      report(element.attribute_line(attribute), fmt::format("{}=\"{}\"", attribute, text),
             fmt::format("a number above 0 with one of the units {}", allowed_units(Quantity::flops_per_second)));
      break;
    }
  }
  return static_cast<int>(speeds.size());
}

void ElementChecks::bandwidths(const XmlElement& element, const std::string& attribute) {
  const std::string text = required(element, attribute);
  for (const std::string& part : split_at(text, ",")) {
    const auto value = leading_number(part);
    if (text.empty() || (value && *value > 0)) continue;
    report(element.attribute_line(attribute), fmt::format("{}=\"{}\"", attribute, text),
           fmt::format("a number above 0 with one of the units {}", allowed_units(Quantity::bytes_per_second)));
    return;
  }
}

void ElementChecks::latency(const XmlElement& element, const std::string& attribute) {
  const auto text = element.attribute(attribute);
  if (!text) return;
  const auto value = leading_number(*text);
  if (value && *value >= 0) return;
  report(element.attribute_line(attribute), fmt::format("{}=\"{}\"", attribute, *text),
         "a number not below 0 with one of the units ns, us, ms, s");
}

long long ElementChecks::radical_size(const XmlElement& element, long long most) {
  const std::string text = required(element, "radical");
  long long count = 0;
  for (const std::string& group : split_at(text, ",")) {
    const std::vector<std::string> ends = split_at(group, "-");
    const auto first = parse_integer(ends.front()), last = parse_integer(ends.back());
    constexpr long long kLargest = std::numeric_limits<int>::max() - 1;  // SimGrid counts up to the number in an int
    if (ends.size() > 2 || !first || !last || *first < 0 || *last < *first || *last > kLargest) {
      report(element.attribute_line("radical"), fmt::format("radical=\"{}\"", text),
             fmt::format("numbers and ranges from 0 to {}: \"0-9,12\"", kLargest));
      return 1;  // one host stands for the wrong list: the platform is not also "without devices"
    }
    if (*last - *first >= most - count) {
      report(element.attribute_line("radical"), fmt::format("radical=\"{}\"", text),
             fmt::format("at most {} hosts", most));
      return 1;  // one host stands for the wrong list: the platform is not also "without devices"
    }
    count += *last - *first + 1;
  }
  return count;
}

}  // namespace msfusion
