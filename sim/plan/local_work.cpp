#include "sim/plan/local_work.hpp"

#include <algorithm>

namespace msfusion {

namespace {
constexpr double kFloatBytes = 4;
constexpr int kVectorLanes = 8, kPoolLanes = 16;  // of libraries' kernels for channel norms, whatever the processor has
double real(std::int64_t value) {
  return static_cast<double>(value);
}
}  // namespace

double training_flops(const SliceCost& cost, const LocalTraining& training) {
  return 2.0 * real(training.samples) * (real(cost.training_macs) + training.frozen_models * real(cost.forward_macs));
}

double compute_seconds(const SliceCost& cost, const LocalTraining& training, const Device& device) {
  const double steps = real(training.optimiser_steps);
  if (steps == 0) return 0;
  const double batch = real(training.samples) / steps;
  const auto moving = [&](double bytes) {
    if (!device.memory_bandwidth) return 0.0;
    if (device.cache_bandwidth <= 0) return bytes / *device.memory_bandwidth;
    const double near = std::min(bytes, device.cache_bytes);
    return near / device.cache_bandwidth + (bytes - near) / *device.memory_bandwidth;
  };
  // A layer in one step. `passes` says how many times its overheads count.
  const auto layer_seconds = [&](const LayerCost& layer, double macs, double bytes, double weight_accesses,
                                 double passes) {
    const double slow =
        (1 + device.narrow_width / real(layer.out_features)) * (layer.is_dense ? 1 + device.dense_slowdown : 1);
    const double computing = 2 * batch * macs * slow / device.speed_flops;
    const double weights = weight_accesses * kFloatBytes * real(layer.parameters);
    const double lanes = real((layer.out_features + kPoolLanes - 1) / kPoolLanes * kPoolLanes);
    const bool ragged = layer.out_features % kVectorLanes != 0;
    return std::max(computing, moving(batch * bytes + weights)) +
           passes * (device.layer_overhead_seconds +
                     batch * (ragged ? real(layer.norm_positions) : 0) * device.ragged_norm_seconds +
                     batch * real(layer.pooled_elements) / real(layer.out_features) * lanes * device.pool_seconds);
  };
  double seconds = device.step_overhead_seconds + training.frozen_models * device.frozen_overhead_seconds;
  for (const LayerCost& layer : cost.layers) {
    seconds +=
        layer_seconds(layer, real(layer.training_macs), real(layer.training_bytes), 3 + device.gradient_moves, 3);
    seconds += training.frozen_models * layer_seconds(layer, real(layer.forward_macs), real(layer.forward_bytes), 1, 1);
  }
  // An update reads the parameter and its gradient, writes the parameter, and reads and writes every slot of the
  // optimiser.
  seconds += moving(kFloatBytes * real(cost.parameters) * (3 + 2 * training.optimiser_slots));
  return steps * seconds;
}

double peak_memory_bytes(const SliceCost& cost, const LocalTraining& training) {
  const int copies = 2 + training.optimiser_slots + training.frozen_models + training.parameter_copies;
  return copies * kFloatBytes * real(cost.parameters) + training.batch * real(cost.activation_bytes);
}

}  // namespace msfusion
