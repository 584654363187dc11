#include "sim/method/selections/draws.hpp"

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_01.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <limits>
#include <utility>

namespace msfusion {

std::vector<NodeId> draw_uniformly(std::vector<NodeId> devices, std::size_t count, std::uint64_t seed) {
  if (count >= devices.size()) return devices;
  boost::random::mt19937_64 random(seed);
  for (std::size_t i = 0; i < count; ++i)
    std::swap(devices[i], devices[boost::random::uniform_int_distribution<std::size_t>(i, devices.size() - 1)(random)]);
  devices.resize(count);
  std::sort(devices.begin(), devices.end());
  return devices;
}

// Exponential waiting times with the weights as rates: the first to come is drawn in proportion to its weight, and so
// on (Efraimidis and Spirakis 2006).
std::vector<NodeId> draw_weighted(const std::vector<NodeId>& devices, const std::vector<double>& weights,
                                  std::size_t count, std::uint64_t seed) {
  boost::random::mt19937_64 random(seed);
  boost::random::uniform_01<double> uniform;
  std::vector<std::pair<double, NodeId>> waits;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const double wait = -std::log1p(-uniform(random));
    waits.emplace_back(weights[i] > 0 ? wait / weights[i] : std::numeric_limits<double>::infinity(), devices[i]);
  }
  std::stable_sort(waits.begin(), waits.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  waits.resize(std::min(count, waits.size()));
  std::vector<NodeId> drawn;
  for (const auto& [wait, device] : waits) drawn.push_back(device);
  return drawn;
}

}  // namespace msfusion
