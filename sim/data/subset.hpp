// Fewer samples than a set has, and what normalising needs to know of those that stay.
#pragma once

#include <cstdint>

#include "sim/data/dataset.hpp"

namespace msfusion {

/// Keeps `count` training samples. Images: every class keeps its share (largest remainders), drawn by the seed, in the
/// order of the data. Tokens: the first `count` windows, because samples that follow each other share the token between
/// them. Precondition: 1 <= count <= data.train_samples().
void keep_train_samples(Dataset& data, std::int64_t count, std::uint64_t seed);

/// Keeps the first `count` test samples. Precondition: 1 <= count <= data.test_samples().
void keep_test_samples(Dataset& data, std::int64_t count);

/// Fills channel_mean and channel_std from the training images: exact sums, so no order matters.
void measure_channels(Dataset& data);

}  // namespace msfusion
