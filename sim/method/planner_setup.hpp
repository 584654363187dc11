// What a planner and its parts are made from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/method/method.hpp"
#include "sim/plan/constraint_options.hpp"
#include "sim/plan/fleet.hpp"
#include "sim/plan/training_options.hpp"
#include "sim/shape/shape.hpp"

namespace msfusion {

/// The references must outlive the planner.
struct PlannerSetup {
  const Shape& shape;
  const Fleet& fleet;
  const Method& method;
  const TrainingOptions& training;
  const ConstraintOptions& constraints;
  std::vector<std::int64_t> samples;  ///< training samples that each device holds
  double sample_bytes = 0;            ///< of one raw sample: what sending data itself costs
  std::uint64_t seed = 0;
  std::string scenario_file;  ///< for messages

  std::int64_t samples_of(NodeId device) const { return samples[static_cast<std::size_t>(device)]; }
};

/// "method LABEL: found; allowed" at the method's line.
Mistake mistake_of(const PlannerSetup& setup, const std::string& found, std::string allowed);
[[noreturn]] void refuse(const PlannerSetup& setup, const std::string& found, std::string allowed);

/// The memory that the platform states for a device; refuses a device without one, which `why` needs.
double memory_of(const PlannerSetup& setup, NodeId device, const char* why);

}  // namespace msfusion
