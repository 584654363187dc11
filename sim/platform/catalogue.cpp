#include "sim/platform/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>

#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/base/units.hpp"
#include "sim/base/xml.hpp"
#include "sim/platform/node_spec.hpp"

namespace msfusion {

namespace {

class Entry {
 public:
  Entry(const XmlElement& element, const std::string& file, std::vector<Mistake>& mistakes)
      : element_(element), file_(file), mistakes_(mistakes) {
    for (const XmlElement& source : element.children("source")) {
      std::istringstream names(source.attribute("of").value_or(""));
      for (std::string name; names >> name;) sourced_.insert(name);
      if (source.text().empty()) refuse(source.line(), "an empty <source>", "where the figure comes from");
    }
  }

  /// Reports everything that was not asked for as unknown. Call it last.
  void refuse_unknown() {
    for (const auto& [name, value] : element_.attributes())
      if (std::find(asked_.begin(), asked_.end(), name) == asked_.end())
        refuse(element_.attribute_line(name), fmt::format("unknown attribute {} in <{}>", name, element_.name()),
               "allowed: " + one_of(name, asked_));
  }

  std::string kind() {
    asked_.push_back("kind");
    const std::string name = element_.attribute("kind").value_or("");
    if (name.empty()) refuse(element_.line(), fmt::format("a <{}> without kind", element_.name()), "kind=\"..\"");
    return name;
  }

  void note_asked(const std::string& name) {
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) asked_.push_back(name);
  }

  std::optional<double> figure(const std::string& name,
                               const std::function<std::optional<double>(const std::string&)>& parse,
                               const std::string& allowed) {
    note_asked(name);
    const auto text = element_.attribute(name);
    if (!text) return {};
    const auto value = parse(*text);
    if (!value || *value < 0) refuse(element_.attribute_line(name), fmt::format("{}=\"{}\"", name, *text), allowed);
    if (sourced_.count(name) == 0) {
      refuse(element_.attribute_line(name), fmt::format("{} without a source", name),
             fmt::format("<source of=\"{}\">..</source>", name));
    }
    return value;
  }

  template <Quantity quantity>
  std::optional<double> optional(const std::string& name) {
    return figure(
        name, [](const std::string& text) { return parse_quantity(text, quantity); },
        "a number with one of the units " + units_advice(quantity));
  }

  template <Quantity quantity>
  double required(const std::string& name) {
    const auto value = optional<quantity>(name);
    if (!element_.attribute(name)) {
      refuse(element_.line(),
             fmt::format("{} without {}", element_.attribute("kind").value_or("<" + element_.name() + ">"), name),
             name + "=\"..\"");
    }
    return value.value_or(0);
  }

  std::string text(const std::string& name) {
    asked_.push_back(name);
    return element_.attribute(name).value_or("");
  }

  std::string required_text(const std::string& name) {
    const std::string value = text(name);
    if (value.empty()) {
      refuse(element_.line(), fmt::format("<{}> without {}", element_.name(), name), name + "=\"..\"");
    }
    return value;
  }

  std::optional<double> roofline(const std::string& name, const RooflineFigure& known) {
    return figure(
        name, [&](const std::string& text) { return known.parse(text); }, known.allowed());
  }

  /// A number above 0, at most 1.
  double share(const std::string& name) {
    const auto value = figure(
        name,
        [](const std::string& text) -> std::optional<double> {
          const auto number = parse_number(text);
          return number && *number > 0 && *number <= 1 ? number : std::nullopt;
        },
        "a number above 0, at most 1");
    if (!element_.attribute(name)) {
      refuse(element_.line(), fmt::format("<{}> without {}", element_.name(), name), name + "=\"..\"");
    }
    return value.value_or(1);
  }

  std::optional<double> watts(const std::string& name) {
    return figure(
        name, [](const std::string& text) { return parse_number(text); }, "watts without a unit");
  }

  /// Whether framing="tcp" takes the place of a factor.
  bool is_framed() {
    const std::string value = text("framing");
    if (!value.empty() && value != "tcp")
      refuse(element_.attribute_line("framing"), fmt::format("framing=\"{}\"", value), "tcp, or no such attribute");
    for (const char* name : {"bandwidth-factor", "message-bytes"})
      if (value == "tcp" && element_.attribute(name))
        refuse(element_.attribute_line(name), fmt::format("{} beside framing=\"tcp\"", name),
               "one of both: frames are counted, not fitted");
    return value == "tcp";
  }

  std::optional<double> uncertainty() { return figure("uncertainty", parse_uncertainty, kUncertaintyAllowed); }
  std::optional<double> speed_variation() { return figure("speed-variation", parse_uncertainty, kUncertaintyAllowed); }

  std::string layer_uncertainty() {
    const std::string value = text("layer-uncertainty");
    if (!value.empty() && !parse_layer_uncertainty(value))
      refuse(element_.attribute_line("layer-uncertainty"), fmt::format("layer-uncertainty=\"{}\"", value),
             kLayerUncertaintyAllowed);
    return value;
  }

  int count(const std::string& name) {
    const auto value = figure(
        name,
        [](const std::string& text) -> std::optional<double> {
          const auto whole = parse_integer(text);
          return whole && *whole > 0 && *whole < 1'000'000 ? std::optional<double>(static_cast<double>(*whole))
                                                           : std::nullopt;
        },
        "a whole number above 0");
    return static_cast<int>(value.value_or(0));
  }

 private:
  void refuse(int line, std::string found, std::string allowed) {
    mistakes_.push_back({file_, line, std::move(found), std::move(allowed)});
  }

  const XmlElement& element_;
  const std::string& file_;
  std::vector<Mistake>& mistakes_;
  std::set<std::string> sourced_;
  std::vector<std::string> asked_;
};

DeviceKind read_device(Entry entry) {
  DeviceKind kind;
  kind.name = entry.kind();
  kind.speed_flops = entry.required<Quantity::flops_per_second>("speed");
  kind.memory_bytes = entry.required<Quantity::bytes>("memory");
  kind.memory_bandwidth = entry.required<Quantity::bytes_per_second>("memory-bandwidth");
  entry.required<Quantity::seconds>("step-overhead");
  for (const RooflineFigure& figure : roofline_figures()) {
    std::string name = figure.name;
    std::replace(name.begin(), name.end(), '_', '-');
    kind.*figure.value = entry.roofline(name, figure).value_or(0);
  }
  kind.calibration = entry.text("calibration");
  kind.idle_watts = entry.watts("idle");
  kind.busy_watts = entry.watts("busy");
  kind.price_usd_per_hour = entry.optional<Quantity::usd_per_hour>("price");
  kind.traffic_usd_per_gb = entry.optional<Quantity::usd_per_gigabyte>("traffic-price");
  kind.battery_joules = entry.optional<Quantity::joules>("battery");
  kind.uncertainty = entry.uncertainty();
  kind.speed_variation = entry.speed_variation();
  kind.layer_uncertainty = entry.layer_uncertainty();
  entry.refuse_unknown();
  return kind;
}

LinkKind read_link(const XmlElement& element, Entry entry) {
  LinkKind kind;
  kind.name = entry.kind();
  kind.down_bytes_per_second = entry.required<Quantity::bytes_per_second>("down");
  kind.up_bytes_per_second = entry.required<Quantity::bytes_per_second>("up");
  kind.latency_seconds = entry.required<Quantity::seconds>("latency");
  kind.uncertainty = entry.uncertainty();
  const int devices = entry.count("devices-per-cell");
  const auto cell = entry.optional<Quantity::bytes_per_second>("cell");
  if (cell || element.attribute("devices-per-cell"))
    kind.cell = Cell{devices, cell ? *cell : entry.required<Quantity::bytes_per_second>("cell")};
  entry.refuse_unknown();
  return kind;
}

Region read_region(Entry entry) {
  Region region;
  region.name = entry.kind();
  region.grams_co2_per_kwh = entry.required<Quantity::grams_per_kilowatthour>("carbon");
  entry.refuse_unknown();
  return region;
}

NetworkKind read_network(Entry entry) {
  NetworkKind kind;
  entry.note_asked("bandwidth-factor");
  entry.note_asked("message-bytes");
  if (entry.is_framed()) {
    kind.framing = Framing{entry.optional<Quantity::bytes>("mtu").value_or(Framing().mtu_bytes)};
  } else {
    kind.bandwidth_factor = entry.share("bandwidth-factor");
    kind.message_bytes = entry.optional<Quantity::bytes>("message-bytes").value_or(0);
  }
  kind.message_latency_seconds = entry.required<Quantity::seconds>("message-latency");
  kind.uncertainty = entry.uncertainty();
  kind.calibration = entry.required_text("calibration");
  entry.refuse_unknown();
  return kind;
}

}  // namespace

Catalogue read_catalogue(const std::string& file) {
  const XmlDocument document = XmlDocument::parse_file(file, XmlDocument::Doctype::refused);
  Catalogue catalogue;
  std::vector<Mistake> mistakes;
  if (document.root().name() != "catalogue") {
    throw UserError(
        Mistake{file, document.root().line(), fmt::format("a <{}> file", document.root().name()), "<catalogue>"});
  }
  for (const XmlElement& element : document.root().children()) {
    if (element.name() == "device") {
      catalogue.devices.push_back(read_device(Entry(element, file, mistakes)));
    } else if (element.name() == "link") {
      catalogue.links.push_back(read_link(element, Entry(element, file, mistakes)));
    } else if (element.name() == "region") {
      catalogue.regions.push_back(read_region(Entry(element, file, mistakes)));
    } else if (element.name() == "network") {
      if (catalogue.network)
        mistakes.push_back({file, element.line(), "a second <network>", "one for all links of a catalogue"});
      catalogue.network = read_network(Entry(element, file, mistakes));
    } else {
      mistakes.push_back(
          {file, element.line(), fmt::format("<{}>", element.name()), "<device>, <link>, <region> or <network>"});
    }
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
  return catalogue;
}

}  // namespace msfusion
