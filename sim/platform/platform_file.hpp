// A platform file as XML, before SimGrid sees it: checked by meaning, and where in the file things are.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sim/plan/framing.hpp"
#include "sim/platform/node_spec.hpp"
#include "sim/platform/platform_profiles.hpp"
#include "sim/platform/step_series.hpp"

namespace msfusion {

/// What others take of a link's bandwidth.
struct Background {
  double share = 0;  ///< constant, where the series is empty
  StepSeries left;   ///< shares that others leave
  bool is_constant() const { return left.values.empty(); }
};

struct PlatformFile {
  std::string file;
  std::unordered_map<std::string, int> host_lines;         ///< of hosts that stand in the file one by one
  std::unordered_map<std::string, LinkPower> link_powers;  ///< by the link's id (without _UP and _DOWN)
  std::map<std::string, Background> backgrounds;           ///< likewise; only of links that state one
  bool has_host_power = false;                             ///< some host or cluster states wattage_per_state
  std::string network_calibration;                         ///< property of a zone; empty: none
  std::optional<double> network_uncertainty;               ///< property of a zone
  std::unordered_map<std::string, double> uncertainties;   ///< of links that state one, by their ids
  bool has_uncertain_hosts = false;                        ///< some host states how far its speed may be off
  std::unordered_set<std::string> profiled_links;          ///< ids of those whose rate or latency has a profile
  std::optional<Framing> framing;                          ///< property of a zone; none: messages are bytes alone
  bool has_profiles = false;                               ///< something changes over time
  std::vector<StateProfile> states;                        ///< of hosts and links

  bool states_uncertainty() const { return has_uncertain_hosts || network_uncertainty || !uncertainties.empty(); }
  int line_of(const std::string& host) const;  ///< 0 if the host comes from a <cluster>
};

/// Reads and checks a platform file. What needs SimGrid (routes, its own grammar) is not looked at here. Throws
/// UserError with every mistake found.
PlatformFile read_platform_file(const std::string& file);

/// What SimGrid is to read instead of a file that was checked: the same in UTF-8, without character references and
/// <config>. None where SimGrid reads the file itself as we do.
std::optional<std::string> text_for_simgrid(const std::string& file);

}  // namespace msfusion
