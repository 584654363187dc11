// What one device's local training of a slice amounts to: FLOPs, seconds on a roofline, memory.
#pragma once

#include <cstdint>

#include "sim/plan/fleet.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

/// How much is trained, and what the optimiser and the objective keep besides.
struct LocalTraining {
  std::int64_t samples = 0;  ///< processed in the round
  std::int64_t optimiser_steps = 0;
  std::int64_t short_steps = 0;  ///< of them, those of an epoch's last batch where that is smaller than the others
  int batch = 1;
  int optimiser_slots = 0;        ///< floats kept per parameter: 0 plain SGD, 1 momentum, 2 Adam
  int frozen_models = 0;          ///< forwards of frozen copies per sample (contrastive objectives)
  int parameter_copies = 0;       ///< further copies held while training: proximal 1, control variates 3
  int update_copies = 0;          ///< and in the update alone: 1 where the objective corrects the gradient
  bool gathers_gradient = false;  ///< the update reads the gradient as a whole: all but plain SGD
  int trained_models = 1;         ///< on the same batches, one after the other: 2 with a model of the device's own
};

/// 2 x MACs, the frozen models' forwards included.
double training_flops(const SliceCost& cost, const LocalTraining& training);

/// Seconds on the device: step by step, per layer the larger of FLOPs / speed and bytes / memory bandwidth (Williams et
/// al. 2009), the optimiser's own traffic likewise, plus overheads. No bandwidth: FLOPs / speed. Cache: see
/// platforms/README.md.
double compute_seconds(const SliceCost& cost, const LocalTraining& training, const Device& device);

/// The most that the tensors of a training take at once: parameters, optimiser state, copies, frozen models, and what a
/// step holds at its largest moment.
double peak_memory_bytes(const SliceCost& cost, const LocalTraining& training);

}  // namespace msfusion
