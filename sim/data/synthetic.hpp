// A labelled image set from a seed alone, for tests and for plans that need no real data.
#pragma once

#include <cstdint>

#include "sim/data/dataset.hpp"

namespace msfusion {

struct SyntheticChoice {
  int classes = 4;
  int side = 8;  ///< pixels
  int channels = 1;
  std::int64_t train_samples = 2000;
  std::int64_t test_samples = 500;
  bool pixels = true;  ///< false: labels only
};

/// Sample i is of class i mod classes: pixel = 128 + 30 prototype + 60 noise, both standard normal, clamped to a byte.
/// A prototype is constant over patches of a quarter of the side, so that convolutions find something. For 8 x 8 pixels
/// the best possible classifier is right in some 99 % of the cases: enough to learn, not trivial.
struct SyntheticText {
  int vocabulary = 64;
  int window = 64;  ///< tokens of a sample
  std::int64_t train_samples = 2000;
  std::int64_t test_samples = 500;
};

/// Every token but one in four follows from the one before it by a fixed random table: something to learn, and a best
/// possible accuracy of three quarters.
Dataset make_synthetic_text(const SyntheticText& choice, std::uint64_t seed);

Dataset make_synthetic(const SyntheticChoice& choice, std::uint64_t seed);

}  // namespace msfusion
