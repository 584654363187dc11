// When devices of a generated fleet are switched on: state profiles as SimGrid reads them.
#pragma once

#include <cstdint>
#include <string>

namespace msfusion {

struct Churn {
  enum class Kind {
    none,         ///< always on
    exponential,  ///< on and off in turn, both for exponentially distributed times
    diurnal,      ///< on once a day, from about 22:00, as phones that charge at night; the clock starts at midnight
  };
  Kind kind = Kind::none;
  double on_seconds = 0;   ///< mean
  double off_seconds = 0;  ///< mean; exponential only: a day is as long as it is
};

/// How long a profile is before it repeats itself.
double churn_period_seconds(const Churn& churn);

/// One device's profile, "DATE STATE" a line, from date 0. Exponential profiles last a hundred mean cycles and begin in
/// a state drawn with its long-run probability; diurnal ones vary by an hour (standard deviation) at both ends. Throws
/// UserError (without file) for times without sense.
std::string churn_profile(const Churn& churn, std::uint64_t seed, int device);

}  // namespace msfusion
