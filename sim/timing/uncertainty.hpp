// How far the figures of a platform may be off, and fleets drawn from that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace msfusion {

/// Standard deviations of the logarithm, as the platform states them; none: it does not say.
struct Uncertainty {
  std::vector<std::optional<double>> nodes;  ///< by node: of the time that computing takes
  std::vector<std::optional<double>> links;  ///< like Timing::links(): of the rate, and of the latency
  std::vector<std::string> node_names, link_names;
  /// By node: of that, by kind of layer; empty: layers are not told apart.
  std::vector<std::map<std::string, double>> layers = {};
  /// By node: of the speed's mean over a second, from one second to another.
  std::vector<std::optional<double>> variations = {};
  bool is_stated() const;
  bool varies() const;  ///< whether any node's speed does from second to second
};

/// The part of each kind of layer in a model's training.
using LayerShares = std::map<std::string, double>;

/// What one drawn fleet has instead of the platform's figures: factors, 1 where nothing is stated.
struct DrawnFleet {
  std::vector<double> work;       ///< by node: of the time that computing takes
  std::vector<double> rates;      ///< like Timing::links()
  std::vector<double> latencies;  ///< likewise

  /// How a node's speed goes up and down during the run.
  struct Variation {
    double spread = 0;  ///< as Uncertainty::variations
    std::uint64_t seed = 0;
  };
  std::vector<Variation> variations = {};  ///< by node; empty: speeds stay
};

inline constexpr int kFleetDraws = 200;

/// The draws of one figure: exp(spread * z) with z at the middles of `kFleetDraws` equally likely parts of the normal
/// distribution, in an order that depends on the seed and the name alone (a Latin hypercube over all names). So one
/// figure's quantiles are exact, and a device keeps its draws whatever else the fleet consists of.
std::vector<double> draw_factors(double spread, std::uint64_t seed, const std::string& name);

/// The factor on the time of work that takes `seconds` at the node's usual speed, in a round: exp(spread * z), z normal
/// and drawn for the node and the round; speeds in different seconds are independent, so that over n seconds the spread
/// is sqrt(n) times as small. Work of less than a second meets one speed.
double varied_time(const DrawnFleet::Variation& variation, double seconds, int round);

/// The fleets first .. first + count - 1 of the kFleetDraws that belong to a seed.
std::vector<DrawnFleet> draw_fleets(const Uncertainty& uncertainty, const LayerShares& shares, std::uint64_t seed,
                                    int first, int count);

}  // namespace msfusion
