// What a scenario says about the privacy of those who take part, and the words for it.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

/// Secure aggregation: the server learns the sum of the updates alone. Seconds are those of any node.
struct SecureAggregation {
  std::optional<std::int64_t> neighbours;  ///< with whom a device shares keys; none: with all of its group
  std::int64_t levels = 65536;             ///< of an element of an update
  double threshold = 2.0 / 3;              ///< of the devices that hold shares of a secret
  double agreement_seconds = 0;            ///< of two keys
  double sharing_seconds = 0;              ///< of a secret, or its reconstruction
  double mask_seconds = 0;                 ///< of one element of one mask
};

/// privacy: differential privacy of users (DP-FedAvg, arXiv 1710.06963). A user is a device with all its samples.
struct PrivacyOptions {
  std::optional<double> clip;           ///< the longest update, as an L2 norm; none: no differential privacy
  double noise = 0;                     ///< deviation on the sum of updates, in clips
  std::optional<double> delta;          ///< of the guarantee; needed with noise
  std::optional<double> clip_quantile;  ///< share of updates that the clip is moved to; none: it stays
  double clip_rate = 0.2;               ///< how fast it is moved
  std::optional<std::int64_t> noise_cohort, population;  ///< of the larger system that a small simulation stands for
  bool aggregates_securely = false;
  SecureAggregation aggregation;  ///< how, if it does

  const SecureAggregation* secure() const { return aggregates_securely ? &aggregation : nullptr; }
};

const Vocabulary<PrivacyOptions>& privacy_vocabulary();

}  // namespace msfusion
