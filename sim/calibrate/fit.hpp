// Finds the device whose roofline explains measured steps best, and says how well it predicts others.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/calibrate/measure.hpp"
#include "sim/plan/fleet.hpp"

namespace msfusion {

/// |predicted - measured| / measured over some steps.
struct FitError {
  int steps = 0;
  double median = 0, worst = 0;
  std::size_t worst_step = 0;  ///< into the steps that were judged
};

double predicted_seconds(const StepTime& step, const Device& device);

/// How far the device's figures are off, as the root mean square of log(predicted / measured CPU time): the
/// uncertainty that it states.
double spread_of(const std::vector<StepTime>& steps, const Device& device);

/// The same by the kind of layer (convolution, linear, other) in which a step has most of its FLOPs.
std::map<std::string, double> spreads_by_layer(const std::vector<StepTime>& steps, const Device& device);

FitError error_of(const std::vector<StepTime>& steps, const Device& device);

/// The figures of the roofline with the least squares of log(predicted / measured CPU time). The same steps give the
/// same device.
Device fit_device(const std::vector<StepTime>& steps);

}  // namespace msfusion
