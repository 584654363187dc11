#include "sim/timing/uncertainty.hpp"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <numeric>

#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"

namespace msfusion {

namespace {

/// FNV-1a: the same number for a name on every machine.
std::uint64_t number_of(const std::string& name) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

bool any(const std::vector<std::optional<double>>& spreads) {
  return std::any_of(spreads.begin(), spreads.end(), [](const auto& spread) { return spread.has_value(); });
}

}  // namespace

bool Uncertainty::is_stated() const {
  return any(nodes) || any(links) || varies() ||
         std::any_of(layers.begin(), layers.end(), [](const auto& spreads) { return !spreads.empty(); });
}

bool Uncertainty::varies() const {
  return std::any_of(variations.begin(), variations.end(), [](const auto& spread) { return spread.value_or(0) > 0; });
}

std::vector<double> draw_factors(double spread, std::uint64_t seed, const std::string& name) {
  std::vector<int> order(kFleetDraws);
  std::iota(order.begin(), order.end(), 0);
  Random random(derive_seed(seed, Purpose::uncertainty, number_of(name)));
  shuffle(order, random);
  const boost::math::normal normal;
  std::vector<double> factors;
  for (const int part : order)
    factors.push_back(std::exp(spread * boost::math::quantile(normal, (part + 0.5) / kFleetDraws)));
  return factors;
}

double varied_time(const DrawnFleet::Variation& variation, double seconds, int round) {
  const std::uint64_t bits =
      derive_seed(variation.seed, Purpose::speed_variation, 0, static_cast<std::uint64_t>(round));
  constexpr double kParts = 9007199254740992.0;  // 2^53, as many as a double tells apart below 1
  const double z = boost::math::quantile(boost::math::normal(), (static_cast<double>(bits >> 11U) + 0.5) / kParts);
  return std::exp(variation.spread * z / std::sqrt(std::max(1.0, seconds)));
}

std::vector<DrawnFleet> draw_fleets(const Uncertainty& uncertainty, const LayerShares& shares, std::uint64_t seed,
                                    int first, int count) {
  std::vector<DrawnFleet> fleets(static_cast<std::size_t>(count));
  const auto fill = [&](std::vector<double> DrawnFleet::*figures, const std::vector<std::optional<double>>& spreads,
                        const std::vector<std::string>& names, const char* kind) {
    for (DrawnFleet& fleet : fleets) (fleet.*figures).assign(spreads.size(), 1);
    for (std::size_t i = 0; i < spreads.size(); ++i) {
      if (!spreads[i]) continue;
      const std::vector<double> factors = draw_factors(*spreads[i], seed, kind + names[i]);
      for (std::size_t draw = 0; draw < fleets.size(); ++draw)
        (fleets[draw].*figures)[i] = factors[static_cast<std::size_t>(first) + draw];
    }
  };
  fill(&DrawnFleet::work, uncertainty.nodes, uncertainty.node_names, "computing of ");
  for (std::size_t node = 0; node < uncertainty.layers.size(); ++node) {
    if (uncertainty.layers[node].empty()) continue;
    for (DrawnFleet& fleet : fleets) fleet.work[node] = 0;
    for (const auto& [kind, share] : shares) {
      const auto own = uncertainty.layers[node].find(kind);
      const double spread = own == uncertainty.layers[node].end() ? uncertainty.nodes[node].value_or(0) : own->second;
      const std::vector<double> factors =
          draw_factors(spread, seed, "computing " + kind + " layers of " + uncertainty.node_names[node]);
      for (std::size_t draw = 0; draw < fleets.size(); ++draw)
        fleets[draw].work[node] += share * factors[static_cast<std::size_t>(first) + draw];
    }
  }
  for (int draw = 0; uncertainty.varies() && draw < count; ++draw)
    for (std::size_t node = 0; node < uncertainty.variations.size(); ++node)
      fleets[static_cast<std::size_t>(draw)].variations.push_back(
          {uncertainty.variations[node].value_or(0),
           derive_seed(seed, Purpose::speed_variation, number_of(uncertainty.node_names[node]),
                       static_cast<std::uint64_t>(first + draw))});
  fill(&DrawnFleet::rates, uncertainty.links, uncertainty.link_names, "rate of ");
  fill(&DrawnFleet::latencies, uncertainty.links, uncertainty.link_names, "latency of ");
  return fleets;
}

}  // namespace msfusion
