// How large a part of the model each device trains.
#pragma once

#include <vector>

#include "sim/method/task_costs.hpp"
#include "sim/shape/models.hpp"

namespace msfusion {

/// The largest rate of 1/64 .. 64/64 for which `model narrowed by it` trains within the memory of every device. Throws
/// UserError if none does or a device states no memory.
double narrow_rate(const ModelOptions& model, const SampleShape& samples, const PlannerSetup& setup);

class Rates {
 public:
  /// Settles every device's rate. Throws UserError: a rate that the platform should state and does not, or, with
  /// split="auto", a device that no slice fits. Both arguments must outlive it.
  Rates(const PlannerSetup& setup, TaskCosts& costs);

  double of(NodeId device, int round) const;
  double largest_of(NodeId device) const;  ///< in any round
  double depth_of(NodeId device) const;    ///< of the model's blocks; 1 where slices keep all layers

  /// Slices at that rate, one for each set of blocks that the device may have to train: what a slice costs depends on
  /// which blocks it keeps, and on how many units of its widths, not on which.
  std::vector<WidthSlice> slices_at(NodeId device, double rate) const;

 private:
  double settled(NodeId device, TaskCosts& costs) const;
  double widest_that_fits(NodeId device, TaskCosts& costs) const;
  bool keeps_limits(NodeId device, const WidthSlice& slice, TaskCosts& costs) const;
  bool is_redrawn() const;

  const PlannerSetup& setup_;
  std::vector<double> settled_;  // per device
};

}  // namespace msfusion
