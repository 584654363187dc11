#include "sim/method/planner_setup.hpp"

#include <fmt/format.h>

namespace msfusion {

Mistake mistake_of(const PlannerSetup& setup, const std::string& found, std::string allowed) {
  return {setup.scenario_file, setup.method.line, fmt::format("method {}: {}", setup.method.label, found),
          std::move(allowed)};
}

void refuse(const PlannerSetup& setup, const std::string& found, std::string allowed) {
  throw UserError(mistake_of(setup, found, std::move(allowed)));
}

double memory_of(const PlannerSetup& setup, NodeId device, const char* why, const char* or_else) {
  const Device& host = setup.fleet.node(device);
  if (!host.memory_bytes)
    refuse(setup, fmt::format("device {} states no memory, but {} needs it", host.name, why),
           std::string("a property memory=\"512MiB\" of the host in the platform file") + or_else);
  return *host.memory_bytes;
}

}  // namespace msfusion
