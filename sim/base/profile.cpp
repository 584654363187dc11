#include "sim/base/profile.hpp"

#include <numeric>
#include <stdexcept>

namespace msfusion {

const char* name_of(Activity activity) {
  switch (activity) {
    case Activity::preparing:
      return "preparing";
    case Activity::planning:
      return "planning";
    case Activity::timing:
      return "timing";
    case Activity::gathering:
      return "gathering";
    case Activity::training:
      return "training";
    case Activity::merging:
      return "merging";
    case Activity::evaluating:
      return "evaluating";
    case Activity::recording:
      return "store writing";
    case Activity::checkpointing:
      return "checkpoints";
    case Activity::reporting:
      return "reporting";
  }
  throw std::logic_error("an activity without a name");
}

CpuProfile& CpuProfile::operator+=(const CpuProfile& other) {
  for (std::size_t i = 0; i < kActivities; ++i) seconds[i] += other.seconds[i];
  return *this;
}

double CpuProfile::total() const {
  return std::accumulate(seconds.begin(), seconds.end(), 0.0);
}

}  // namespace msfusion
