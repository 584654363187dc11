#include "sim/deploy/pinning.hpp"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <numeric>
#include <system_error>

namespace msfusion {

std::optional<std::vector<std::size_t>> place_on_cores(const std::vector<double>& shares, std::size_t cores) {
  if (cores == 0) return {};
  std::vector<std::size_t> order(shares.size()), placed(shares.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return shares[a] > shares[b]; });
  std::vector<double> used(cores, 0);
  for (const std::size_t node : order) {
    const auto emptiest = std::min_element(used.begin(), used.end());
    *emptiest += shares[node];
    if (*emptiest > 1 + 1e-9) return {};
    placed[node] = static_cast<std::size_t>(emptiest - used.begin());
  }
  return placed;
}

std::vector<int> allowed_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(core, &set)) cores.push_back(core);
  return cores;
}

void pin_to_core(int core) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(core, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0)
    throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
}

bool turns_fit(const std::vector<std::size_t>& cores, const std::vector<double>& seconds,
               const std::vector<double>& shares) {
  constexpr double kRounding = 1 + 1e-9;
  std::map<std::size_t, double> work;  // at full speed
  for (std::size_t node = 0; node < cores.size(); ++node) work[cores[node]] += seconds[node] * shares[node];
  for (std::size_t node = 0; node < cores.size(); ++node)
    if (seconds[node] > 0 && work[cores[node]] > seconds[node] * kRounding) return false;
  return true;
}

}  // namespace msfusion
