#include "sim/platform/node_spec.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <cctype>
#include <sstream>

#include "sim/base/spelling.hpp"
#include "sim/base/units.hpp"
#include "sim/platform/platform_words.hpp"

namespace msfusion {

namespace {

const std::vector<std::string>& known_properties() {
  static const std::vector<std::string> names = properties_of(host_words());
  return names;
}

std::vector<std::string> split_at(const std::string& text, char separator) {
  std::vector<std::string> parts;
  boost::split(parts, text, [separator](char c) { return c == separator; });
  return parts;
}

/// "phone-12" -> "phone"
std::string kind_from_name(const std::string& name) {
  std::size_t end = name.size();
  while (end > 0 && std::isdigit(static_cast<unsigned char>(name[end - 1]))) --end;
  while (end > 0 && (name[end - 1] == '-' || name[end - 1] == '_' || name[end - 1] == '.')) --end;
  return end == 0 ? name : name.substr(0, end);
}

/// Non-negative numbers separated by colons; SimGrid writes powers without a unit.
std::optional<std::vector<double>> parse_watts(const std::string& text) {
  std::vector<double> watts;
  for (const std::string& part : split_at(text, ':')) {
    const auto value = parse_number(boost::trim_copy(part));
    if (!value || *value < 0) return {};
    watts.push_back(*value);
  }
  return watts;
}

/// SimGrid's host energy: with some of the cores at work the power lies on the line from the second last figure (barely
/// busy) to the last one (all cores busy).
double watts_of_one_core(const std::vector<double>& watts, int cores) {
  const double all = watts.back(), barely = watts.size() == 3 ? watts[1] : watts[0];
  return cores <= 1 ? all : barely + (all - barely) / cores;
}

class Reader {
 public:
  Reader(const std::map<std::string, std::string>& properties, const std::string& file,
         const std::function<int(const std::string&)>& line_of, std::vector<Mistake>& mistakes)
      : properties_(properties), file_(file), line_of_(line_of), mistakes_(mistakes) {}

  const std::string* text(const std::string& property) const {
    const auto found = properties_.find(property);
    return found == properties_.end() ? nullptr : &found->second;
  }

  void refuse(const std::string& property, const std::string& allowed) {
    mistakes_.push_back({file_, line_of_(property), fmt::format("{}=\"{}\"", property, *text(property)), allowed});
  }

  std::optional<double> roofline(const RooflineFigure& figure) {
    const std::string* value = text(figure.name);
    if (!value) return {};
    const auto parsed = figure.parse(*value);
    if (parsed && *parsed >= 0) return parsed;
    refuse(figure.name, figure.allowed());
    return {};
  }

  std::optional<double> quantity(const std::string& property, Quantity quantity, bool zero_allowed) {
    const std::string* value = text(property);
    if (!value) return {};
    const auto parsed = parse_quantity(*value, quantity);
    if (parsed && (*parsed > 0 || (zero_allowed && *parsed == 0))) return parsed;
    refuse(property, fmt::format("a number {} 0 with one of the units {}", zero_allowed ? "not below" : "above",
                                 units_advice(quantity)));
    return {};
  }

 private:
  const std::map<std::string, std::string>& properties_;
  const std::string& file_;
  const std::function<int(const std::string&)>& line_of_;
  std::vector<Mistake>& mistakes_;
};

}  // namespace

NodeSpec read_node(const std::string& name, double speed_flops, int cores, int power_states,
                   const std::map<std::string, std::string>& properties, const std::string& file,
                   const std::function<int(const std::string&)>& line_of, std::vector<Mistake>& mistakes) {
  NodeSpec spec;
  Reader reader(properties, file, line_of, mistakes);
  Device& device = spec.device;
  device.name = name;
  device.speed_flops = speed_flops;
  const std::string* kind = reader.text("kind");
  device.kind = kind && !kind->empty() ? *kind : kind_from_name(name);
  device.memory_bytes = reader.quantity("memory", Quantity::bytes, false);
  device.memory_bandwidth = reader.quantity("memory_bandwidth", Quantity::bytes_per_second, false);
  for (const RooflineFigure& figure : roofline_figures()) device.*figure.value = reader.roofline(figure).value_or(0);
  if (const std::string* text = reader.text("calibration")) device.calibration = *text;
  device.price_usd_per_hour = reader.quantity("price", Quantity::usd_per_hour, true);
  device.price_usd_per_gb = reader.quantity("traffic_price", Quantity::usd_per_gigabyte, true);
  device.battery_joules = reader.quantity("battery", Quantity::joules, false);
  device.grams_co2_per_kwh = reader.quantity("carbon", Quantity::grams_per_kilowatthour, true);
  if (const std::string* text = reader.text("split")) {
    const auto rate = parse_share(*text);
    if (rate && *rate > 0 && *rate <= 1) {
      device.split = rate;
    } else {
      reader.refuse("split", "a number above 0, at most 1");
    }
  }
  if (const std::string* role = reader.text("role")) {
    if (*role == "server") spec.role = NodeSpec::Role::server;
    if (*role == "aggregator") spec.role = NodeSpec::Role::aggregator;
    if (*role != "device" && spec.role == NodeSpec::Role::device)
      reader.refuse("role", one_of(*role, {"aggregator", "device", "server"}));
  }
  if (const std::string* aggregator = reader.text("aggregator")) {
    spec.aggregator = *aggregator;
    if (aggregator->empty() || spec.role != NodeSpec::Role::device)
      reader.refuse("aggregator", "the name of a host with role=\"aggregator\", on a device");
  }
  if (const std::string* text = reader.text("wattage_per_state")) {
    device.has_power = true;
    const std::vector<std::string> states = split_at(*text, ',');
    bool understood = static_cast<int>(states.size()) == power_states;
    for (const std::string& state : states) {
      const auto watts = parse_watts(state);
      understood = understood && watts && (watts->size() == 2 || watts->size() == 3);
    }
    if (understood) device.training_watts = watts_of_one_core(*parse_watts(states.front()), cores);
    if (!understood) {
      reader.refuse("wattage_per_state",
                    fmt::format("watts as \"idle:busy\" or \"idle:epsilon:busy\", separated by commas for each of the "
                                "host's {} speeds",
                                power_states));
    }
  }
  if (const std::string* text = reader.text("wattage_off")) {
    const auto watts = parse_number(*text);
    if (!watts || *watts < 0) reader.refuse("wattage_off", "watts, 0 or more, without a unit");
  }
  if (const std::string* text = reader.text("uncertainty"))
    if (!parse_uncertainty(*text)) reader.refuse("uncertainty", kUncertaintyAllowed);
  if (const std::string* text = reader.text("speed_variation"))
    if (!parse_uncertainty(*text)) reader.refuse("speed_variation", kUncertaintyAllowed);
  if (const std::string* text = reader.text("layer_uncertainty"))
    if (!parse_layer_uncertainty(*text)) reader.refuse("layer_uncertainty", kLayerUncertaintyAllowed);
  for (const auto& [property, value] : properties) {
    const auto& known = known_properties();
    if (std::find(known.begin(), known.end(), property) != known.end()) continue;
    if (nearest_spelling(property, known).empty()) continue;
    mistakes.push_back({file, line_of(property), fmt::format("property \"{}\"", property), one_of(property, known)});
  }
  return spec;
}

std::optional<double> parse_uncertainty(const std::string& text) {
  constexpr double kMost = 200;
  if (text.empty() || text.back() != '%') return {};
  const auto percent = parse_number(boost::trim_copy(text.substr(0, text.size() - 1)));
  return percent && *percent >= 0 && *percent <= kMost ? std::optional(*percent / 100) : std::nullopt;
}

std::optional<std::map<std::string, double>> parse_layer_uncertainty(const std::string& text) {
  std::map<std::string, double> spreads;
  std::istringstream words(text);
  for (std::string kind, percent; words >> kind;) {
    if (kind != "convolution" && kind != "linear" && kind != "other") return {};
    const auto spread = words >> percent ? parse_uncertainty(percent) : std::nullopt;
    if (!spread || !spreads.emplace(kind, *spread).second) return {};
  }
  if (spreads.empty()) return {};
  return spreads;
}

std::optional<LinkPower> read_link_power(const std::string& text, const std::string& file, int line,
                                         std::vector<Mistake>& mistakes) {
  const auto watts = parse_watts(text);
  if (watts && watts->size() == 2) return LinkPower{(*watts)[0], (*watts)[1]};
  mistakes.push_back({file, line, fmt::format("wattage_range=\"{}\"", text), "watts as \"idle:busy\", without units"});
  return {};
}

}  // namespace msfusion
