// The part of the test split on which a device's own model is tested.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/data/dataset.hpp"
#include "sim/data/partition.hpp"

namespace msfusion {

/// Cuts the test split among the devices as their training samples are: of each class, a device gets the share that it
/// holds of the class's training samples (give or take one sample, and in random order), so that its test part has the
/// mixture of its data. Text has no classes: windows are dealt by the devices' numbers of samples, in random order, or
/// where neighbours stay together (`in_order`) as one block each. Parts have no sample in common and are ascending; a
/// class that no device holds is in none, and a device with few samples may have none.
std::vector<std::vector<std::int32_t>> test_parts(const Dataset& data, const Partition& parts, bool in_order,
                                                  std::uint64_t seed);

}  // namespace msfusion
