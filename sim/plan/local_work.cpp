#include "sim/plan/local_work.hpp"

#include <algorithm>

namespace msfusion {

namespace {
constexpr double kFloatBytes = 4;
double real(std::int64_t value) {
  return static_cast<double>(value);
}
}  // namespace

double training_flops(const SliceCost& cost, const LocalTraining& training) {
  return 2.0 * real(training.samples) * (real(cost.training_macs) + training.frozen_models * real(cost.forward_macs));
}

double compute_seconds(const SliceCost& cost, const LocalTraining& training, const Device& device) {
  const auto roofline = [&](double flops, double bytes) {
    const double computing = flops / device.speed_flops;
    return device.memory_bandwidth ? std::max(computing, bytes / *device.memory_bandwidth) : computing;
  };
  const double samples = real(training.samples), steps = real(training.optimiser_steps);
  double seconds = steps * device.step_overhead_seconds;
  for (const LayerCost& layer : cost.layers) {
    const double weights = kFloatBytes * real(layer.parameters) * steps;
    seconds += roofline(2 * samples * real(layer.training_macs), samples * real(layer.training_bytes) + 3 * weights);
    seconds += training.frozen_models *
               roofline(2 * samples * real(layer.forward_macs), samples * real(layer.forward_bytes) + weights);
  }
  // An update reads the parameter and its gradient, writes the parameter, and reads and writes every slot of the
  // optimiser.
  const double update_bytes = steps * kFloatBytes * real(cost.parameters) * (3 + 2 * training.optimiser_slots);
  return seconds + roofline(0, update_bytes);
}

double peak_memory_bytes(const SliceCost& cost, const LocalTraining& training) {
  const int copies = 2 + training.optimiser_slots + training.frozen_models + training.parameter_copies;
  return copies * kFloatBytes * real(cost.parameters) + training.batch * real(cost.activation_bytes);
}

}  // namespace msfusion
