#include "sim/calibrate/fit.hpp"

#include <algorithm>
#include <cmath>
#include <nlopt.hpp>
#include <stdexcept>

#include "sim/base/median.hpp"
#include "sim/base/quantile.hpp"

namespace msfusion {

namespace {

// The free figures of a device, as logarithms: all are positive, and their errors are relative.
struct Unknown {
  double start, lowest, highest;
  void (*set)(Device&, double);
};
const std::vector<Unknown>& unknowns() {
  static const std::vector<Unknown> table = {
      {5e10, 1e8, 1e13, [](Device& d, double v) { d.speed_flops = v; }},
      {2e10, 1e8, 1e13, [](Device& d, double v) { d.memory_bandwidth = v; }},
      {5e-5, 1e-8, 1e-1, [](Device& d, double v) { d.step_overhead_seconds = v; }},
      {2e-6, 1e-9, 1e-2, [](Device& d, double v) { d.layer_overhead_seconds = v; }},
      {2e-4, 1e-9, 1e-1, [](Device& d, double v) { d.frozen_overhead_seconds = v; }},
      {8, 1e-2, 1e3, [](Device& d, double v) { d.narrow_width = v; }},
      {1e6, 1e4, 1e9, [](Device& d, double v) { d.cache_bytes = v; }},
      {5e10, 1e9, 1e13, [](Device& d, double v) { d.cache_bandwidth = v; }},
      {0.3, 1e-3, 10, [](Device& d, double v) { d.dense_slowdown = v; }},
      {1e-10, 1e-13, 1e-6, [](Device& d, double v) { d.pool_seconds = v; }},
      {1e-9, 1e-12, 1e-6, [](Device& d, double v) { d.exponential_seconds = v; }},
      {5e-9, 1e-12, 1e-6, [](Device& d, double v) { d.random_seconds = v; }},
      {5e-10, 1e-13, 1e-6, [](Device& d, double v) { d.winograd_seconds = v; }},
  };
  return table;
}

constexpr int kGlances = 3, kAttempts = 12;  // descents from one start, while looking around and at the end
constexpr std::size_t kCache = 6;            // which of them is the cache's size

Device device_of(const std::vector<double>& logarithms, double vector_width) {
  Device device;
  device.vector_width = vector_width;
  for (std::size_t i = 0; i < logarithms.size(); ++i) unknowns()[i].set(device, std::exp(logarithms[i]));
  return device;
}

struct Problem {
  const std::vector<StepTime>& steps;
  double vector_width;
};

double badness(const std::vector<double>& logarithms, std::vector<double>&, void* data) {
  const Problem& problem = *static_cast<const Problem*>(data);
  const Device device = device_of(logarithms, problem.vector_width);
  double sum = 0;
  for (const StepTime& step : problem.steps) {
    const double error = std::log(predicted_seconds(step, device) / step.cpu_seconds);
    sum += error * error;
  }
  return sum / static_cast<double>(problem.steps.size());
}

// Goes down from `found` and leaves it where it ends; returns the badness there.
double descend(std::vector<double>& found, const std::vector<double>& lowest, const std::vector<double>& highest,
               Problem& problem, int attempts) {
  double value = 0;
  // A simplex stops at kinks of the roofline: starting again from there, with a fresh simplex, goes on.
  for (int attempt = 0; attempt < attempts; ++attempt) {
    nlopt::opt search(attempt % 2 == 0 ? nlopt::LN_SBPLX : nlopt::LN_NELDERMEAD, static_cast<unsigned>(found.size()));
    search.set_min_objective(badness, &problem);
    search.set_lower_bounds(lowest);
    search.set_upper_bounds(highest);
    search.set_initial_step(std::vector<double>(found.size(), attempt < 2 ? 1.0 : 0.3));
    search.set_xtol_rel(1e-6);
    search.set_maxeval(8000);
    search.optimize(found, value);
  }
  return value;
}

}  // namespace

double predicted_seconds(const StepTime& step, const Device& device) {
  return compute_seconds(step.cost, step.training, device);
}

double spread_of(const std::vector<StepTime>& steps, const Device& device) {
  std::vector<double> logarithms;
  for (const StepTime& step : steps) logarithms.push_back(std::log(predicted_seconds(step, device) / step.cpu_seconds));
  return root_mean_square(logarithms);
}

std::map<std::string, double> spreads_by_layer(const std::vector<StepTime>& steps, const Device& device) {
  std::map<std::string, std::vector<StepTime>> kinds;
  for (const StepTime& step : steps) {
    std::map<std::string, std::int64_t> macs;
    for (const LayerCost& layer : step.cost.layers)
      macs[layer.is_convolution ? "convolution" : layer.is_dense ? "linear" : "other"] += layer.training_macs;
    const auto most =
        std::max_element(macs.begin(), macs.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    kinds[most->first].push_back(step);
  }
  std::map<std::string, double> spreads;
  for (const auto& [kind, of] : kinds) spreads[kind] = spread_of(of, device);
  return spreads;
}

FitError error_of(const std::vector<StepTime>& steps, const Device& device) {
  FitError error;
  error.steps = static_cast<int>(steps.size());
  if (steps.empty()) throw std::logic_error("no steps to judge a fit by");
  std::vector<double> errors;
  for (const StepTime& step : steps) {
    errors.push_back(std::abs(predicted_seconds(step, device) - step.cpu_seconds) / step.cpu_seconds);
    if (errors.back() > error.worst) {
      error.worst = errors.back();
      error.worst_step = errors.size() - 1;
    }
  }
  error.median = median(errors);
  return error;
}

Device fit_device(const std::vector<StepTime>& steps) {
  std::vector<double> lowest, highest, start;
  for (const Unknown& unknown : unknowns()) {
    lowest.push_back(std::log(unknown.lowest));
    highest.push_back(std::log(unknown.highest));
    start.push_back(std::log(unknown.start));
  }
  // A register holds a whole number of channels, and the error has a minimum for every size of the cache between two
  // models' sizes: try several of both.
  double least = HUGE_VAL;
  double best_width = 1;
  std::vector<double> best;
  for (const double vector_width : {1.0, 8.0, 16.0})
    for (const double cache : {3e5, 1e6, 3e6, 1e7, 3e7}) {
      Problem problem{steps, vector_width};
      std::vector<double> found = start;
      found[kCache] = std::log(cache);
      const double value = descend(found, lowest, highest, problem, kGlances);
      if (value < least) {
        least = value;
        best = found;
        best_width = vector_width;
      }
    }
  Problem problem{steps, best_width};
  descend(best, lowest, highest, problem, kAttempts);
  return device_of(best, best_width);
}

}  // namespace msfusion
