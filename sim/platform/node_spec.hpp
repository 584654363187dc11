// What the properties of a host in a platform file say about a device.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/plan/fleet.hpp"

namespace msfusion {

struct NodeSpec {
  enum class Role { device, server, aggregator };
  Device device;
  Role role = Role::device;
  std::string aggregator;  ///< name of the host that serves it; empty: none
};

/// Turns properties (those of host_words() in platform_words.hpp) into a device; `line_of` gives the line of a
/// property for the mistakes, which are added. Unknown names, and names that SimGrid knows, are left alone unless
/// they look like a typing mistake.
NodeSpec read_node(const std::string& name, double speed_flops, int cores, int power_states,
                   const std::map<std::string, std::string>& properties, const std::string& file,
                   const std::function<int(const std::string&)>& line_of, std::vector<Mistake>& mistakes);

/// "30%", at most 200%: how far a figure may be off, as the standard deviation of its logarithm.
std::optional<double> parse_uncertainty(const std::string& text);

/// "convolution 4% linear 8%": by kind of layer, which are convolution, linear and other, each once at most.
std::optional<std::map<std::string, double>> parse_layer_uncertainty(const std::string& text);
inline constexpr const char* kLayerUncertaintyAllowed =
    "kinds of layers with a percentage each, of convolution, linear and other, e.g. \"convolution 4% linear 8%\"";
inline constexpr const char* kUncertaintyAllowed = "a percentage from 0% to 200%, e.g. 30%";

/// A link's property wattage_range "idle:busy" in watts, or a mistake added.
struct LinkPower {
  double idle_watts = 0, busy_watts = 0;
};
std::optional<LinkPower> read_link_power(const std::string& text, const std::string& file, int line,
                                         std::vector<Mistake>& mistakes);

}  // namespace msfusion
