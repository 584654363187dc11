#include "tools/validation/yardsticks.hpp"

#include <fmt/format.h>

#include "sim/base/error.hpp"
#include "sim/deploy/pinning.hpp"

namespace msfusion {

Yardsticks::Yardsticks(const std::string& catalogue_file, const std::string& kind, const std::vector<int>& cores) {
  for (const int core : cores) {
    if (by_core_.count(core) == 1) continue;
    by_core_[core] =
        std::make_unique<Child>(fmt::format("the yardstick of core {}", core),
                                std::vector<std::string>{program_beside("msfusion-yardstick"), catalogue_file, kind},
                                [=] { pin_to_core(core); });
  }
  for (const auto& [core, yardstick] : by_core_)
    if (yardstick->answer() != "ready") throw RunError("a yardstick did not come up");
}

std::map<int, double> Yardsticks::slowness() {
  for (const auto& [core, yardstick] : by_core_) yardstick->tell("");
  std::map<int, double> found;
  for (const auto& [core, yardstick] : by_core_) found[core] = std::stod(yardstick->answer());
  return found;
}

}  // namespace msfusion
