// Differential privacy under a method: where it has a meaning, and what its guarantee rests on.
#pragma once

#include <string>
#include <utility>

#include "sim/method/planner_setup.hpp"

namespace msfusion {

/// Why the scenario's privacy does not go with the method, and what would; empty when it does.
std::pair<std::string, std::string> privacy_contradiction(const Method& method);

struct PrivacyTerms {
  int cohort = 0;   ///< devices that a round asks: sums are divided by it, whoever arrives
  double rate = 1;  ///< with which a user takes part in a round
};

/// `members`: the devices that can be drawn. Throws UserError where their rounds are too small for the noise.
PrivacyTerms privacy_terms(const PlannerSetup& setup, int members);

/// Bytes that a device reads and writes to shorten its update: the length of a difference, then the scaled difference.
inline double clipping_bytes(double parameters) {
  constexpr double kFloats = 5, kFloatSize = 4;
  return kFloats * kFloatSize * parameters;
}

}  // namespace msfusion
