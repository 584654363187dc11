#include "sim/plan/local_work.hpp"

#include <algorithm>
#include <cmath>

#include "sim/shape/winograd.hpp"

namespace msfusion {

namespace {
double real(std::int64_t value) {
  return static_cast<double>(value);
}
}  // namespace

double training_flops(const SliceCost& cost, const LocalTraining& training) {
  return training.trained_models * 2.0 * real(training.samples) *
         (real(cost.training_macs) + training.frozen_models * real(cost.forward_macs));
}

namespace {

double step_seconds(const SliceCost& cost, const LocalTraining& training, const Device& device, double batch) {
  const double bandwidth = device.memory_bandwidth.value_or(0);
  const bool has_cache = bandwidth > 0 && device.cache_bandwidth > 0;
  // Weights and gradients are read again a step later, from the cache to the extent that they fit.
  const double kept = kFloatBytes * (real(cost.parameters) * (1 + training.frozen_models) +
                                     real(cost.trained_parameters()) * (1 + training.optimiser_slots));
  const double missed = has_cache && kept > device.cache_bytes ? 1 - device.cache_bytes / kept : 0;
  const auto moving_weights = [&](double bytes) {
    if (has_cache) return bytes * ((1 - missed) / device.cache_bandwidth + missed / bandwidth);
    return bandwidth > 0 ? bytes / bandwidth : 0;
  };
  // Where there is a cache, activations are still in it when they are read, and weights are brought into the product's
  // order before it begins, by each step of a recurrent layer again.
  const auto product_seconds = [&](const LayerCost& layer, double computing, double bytes, double weights) {
    if (!has_cache) return std::max(computing, moving_weights(bytes + weights));
    return std::max(computing, bytes / device.cache_bandwidth) + moving_weights(weights * real(layer.repeats));
  };
  const auto whole_registers = [&](std::int64_t features) {
    return device.vector_width > 0 ? std::ceil(real(features) / device.vector_width) * device.vector_width
                                   : real(features);
  };
  // A layer in one step; each pass reads its weights and starts its kernels.
  const auto layer_seconds = [&](const LayerCost& layer, double macs, double bytes, double passes) {
    const double whole = whole_registers(layer.out_features);
    const double width = layer.is_convolution ? whole : real(layer.out_features);
    const double slow = width / real(layer.out_features) * (1 + device.narrow_width / width) *
                        (layer.is_dense ? 1 + device.dense_slowdown : 1);
    double computing = 2 * batch * macs * slow / device.speed_flops;
    double weights = passes * kFloatBytes * real(layer.parameters);
    double transforming = 0;
    if (device.winograd_seconds > 0 && batch * real(layer.winograd_tiles) >= kFewestWinogradTiles) {
      constexpr double kPatch = kWinogradPatch * kWinogradPatch, kTile = kWinogradTile * kWinogradTile, kKernel = 9;
      computing *= kPatch / (kTile * kKernel);
      weights *= kPatch / kKernel;
      transforming = passes * batch * real(layer.winograd_tiles) * kPatch *
                     real(layer.in_features + layer.out_features) * device.winograd_seconds;
    }
    return transforming + product_seconds(layer, computing, batch * bytes, weights) +
           passes * ((real(layer.calls) + batch * real(layer.sample_calls)) * device.layer_overhead_seconds +
                     batch * real(layer.exponentials) * device.exponential_seconds +
                     batch * real(layer.pooled_elements) / real(layer.out_features) * whole * device.pool_seconds);
  };
  double seconds = device.step_overhead_seconds + training.frozen_models * device.frozen_overhead_seconds;
  for (const LayerCost& layer : cost.layers) {
    seconds += layer_seconds(layer, real(layer.training_macs), real(layer.training_bytes), layer.passes);
    seconds += batch * real(layer.random_draws) * device.random_seconds;
    // The gradient of each tensor is cleared, collected and applied.
    seconds += 3 * real(layer.tensors - layer.frozen_tensors) * device.layer_overhead_seconds;
    seconds += training.frozen_models * layer_seconds(layer, real(layer.forward_macs), real(layer.forward_bytes), 1);
  }
  // An update reads the parameter and its gradient, writes the parameter, and reads and writes every slot of the
  // optimiser.
  seconds += moving_weights(kFloatBytes * real(cost.trained_parameters()) * (3 + 2 * training.optimiser_slots));
  return seconds;
}

}  // namespace

double compute_seconds(const SliceCost& cost, const LocalTraining& training, const Device& device) {
  const double steps = real(training.optimiser_steps), short_steps = real(training.short_steps);
  if (steps == 0) return 0;
  const auto seconds_of = [&](double batch) {
    return training.trained_models * step_seconds(cost, training, device, batch);
  };
  if (short_steps == 0) return steps * seconds_of(real(training.samples) / steps);
  const double whole_steps = steps - short_steps;
  return whole_steps * seconds_of(training.batch) +
         short_steps * seconds_of((real(training.samples) - whole_steps * training.batch) / short_steps);
}

double peak_memory_bytes(const SliceCost& cost, const LocalTraining& training) {
  const auto most_of = [&](const Moments& moments) {
    double most = 0;
    for (const HeldBytes& moment : moments)
      most = std::max(most, training.batch * real(moment.per_sample) + real(moment.per_step));
    return most;
  };
  const double model = kFloatBytes * real(cost.parameters), trained = kFloatBytes * real(cost.trained_parameters());
  double step = most_of(training.gathers_gradient ? cost.memory.gathered : cost.memory.apart);
  if (training.frozen_models > 0) step = std::max(step, most_of(cost.memory.frozen));
  // The update comes when the activations are gone.
  step = std::max(step, trained * training.update_copies);
  const int models = 1 + training.frozen_models + training.parameter_copies;
  const int states = (training.gathers_gradient ? 1 : 0) + training.optimiser_slots;
  return models * model + states * trained + step;
}

}  // namespace msfusion
