// What a scenario says about the privacy of those who take part, and the words for it.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

/// privacy: differential privacy of users (DP-FedAvg, arXiv 1710.06963). A user is a device with all its samples.
struct PrivacyOptions {
  std::optional<double> clip;           ///< the longest update, as an L2 norm; none: no differential privacy
  double noise = 0;                     ///< deviation on the sum of updates, in clips
  std::optional<double> delta;          ///< of the guarantee; needed with noise
  std::optional<double> clip_quantile;  ///< share of updates that the clip is moved to; none: it stays
  double clip_rate = 0.2;               ///< how fast it is moved
  std::optional<std::int64_t> noise_cohort, population;  ///< of the larger system that a small simulation stands for
};

const Vocabulary<PrivacyOptions>& privacy_vocabulary();

}  // namespace msfusion
