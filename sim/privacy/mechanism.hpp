// What follows from the options of differential privacy and the number of devices in a round.
#pragma once

#include "sim/privacy/privacy_options.hpp"

namespace msfusion {

/// The noise of a round whose sum is divided by the number of devices that it asks.
struct Mechanism {
  double on_sum = 0;    ///< deviation on the sum of updates, in clips
  double on_share = 0;  ///< deviation on the share of updates below the clip, where the clip moves
};

/// `cohort`: the devices that a round asks. A clip that moves needs noise below most_noise().
Mechanism mechanism_of(const PrivacyOptions& options, int cohort);

/// What the noise must be below: counting the updates below the clip takes its part of it.
double most_noise(const PrivacyOptions& options, int cohort);

/// With which probability a user takes part in a round, when `cohort` of `devices` are drawn.
double sampling_rate(const PrivacyOptions& options, int cohort, int devices);

/// The clip of the next round, when the share of updates below it, noise included, was `below`.
double moved_clip(const PrivacyOptions& options, double clip, double below);

}  // namespace msfusion
