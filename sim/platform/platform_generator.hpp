// Writes platform files: so many devices of these kinds on those links, with the spread of real fleets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/platform/catalogue.hpp"
#include "sim/platform/churn.hpp"

namespace msfusion {

/// A part of the fleet: so many devices, or a share of those that are left. Shares are relative to one another: 2 and 1
/// are two thirds and one third.
struct FleetPart {
  std::string device;  ///< a kind of the catalogue
  std::string link;
  double share = 1;
  std::string region = {};           ///< of the catalogue, whose electricity the devices use; empty: not stated
  std::optional<int> count = {};     ///< instead of the share
  std::optional<double> split = {};  ///< the rate that split="device" takes
  std::optional<Churn> churn = {};   ///< none: the fleet's
};

struct FleetMix {
  int devices = 10;
  std::vector<FleetPart> parts;
  std::string server = "cloud-cpu";  ///< a kind of the catalogue; empty: no server
  /// Standard deviation of the logarithm of each device's speed, bandwidths and latency; the catalogue's figure is the
  /// median. 0: all devices of a kind are alike.
  double spread = 0.3;
  /// Devices behind one access point; none: as the catalogue says; 0: no shared access points. Fewer, larger cells
  /// load faster (SimGrid looks for every new name in every zone): 10,000 devices want about 100 cells, not 1,000.
  std::optional<int> devices_per_cell;
  /// A kind of the catalogue: every cell gets an edge aggregator of it, at its access point; devices on links without
  /// cells are put into groups of their own then. Empty: no aggregators.
  std::string aggregator;
  std::string backhaul = "fibre";  ///< a kind of link of the catalogue: between an aggregator and the core
  std::uint64_t seed = 1;
  Churn churn;  ///< of all parts that state none; the server is always on
};

/// The platform file as text. The devices of each part are those of the largest remainder method, named KIND-NUMBER,
/// and in the order of the parts. Links with cells put their devices behind shared access points, filled in order. The
/// server and the core of the network are never the bottleneck. With a <network> of the catalogue, rates are those of
/// payload, and each of a way's access links has half of what a message takes besides. Throws UserError (without file)
/// for kinds that the catalogue does not have and for shares and counts without sense.
std::string generate_platform(const Catalogue& catalogue, const FleetMix& mix);

}  // namespace msfusion
