// Partitions: the training samples of each device.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/data/data_options.hpp"
#include "sim/data/dataset.hpp"

namespace msfusion {

/// Sample indices per device, each sorted ascending; every sample is at one device at most.
struct Partition {
  std::vector<std::vector<std::int32_t>> samples;
};

/// Deals the training samples to `devices` by the scenario's rule (iid; Dirichlet(alpha) as in NIID-Bench: per class p
/// ~ Dir(alpha), a device that already has n/N samples gets p = 0, repeated until the smallest part has >= min(10,
/// n/(2N)) samples; shards(n): every class cut into equal contiguous shards, n classes a device and all
/// classes equally often; label-k: class (device mod K) and k - 1 random others, each class shuffled and cut equally
/// among those that have it, as in NIID-Bench; natural: by ImageSet::groups). Throws UserError, e.g. for more devices
/// than samples.
Partition partition(const Dataset& data, const DataOptions& spec, int devices, std::uint64_t seed);

}  // namespace msfusion
