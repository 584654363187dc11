#include "tools/commands/arenas.hpp"

#include <malloc.h>

#include <algorithm>

#include "sim/method/task_costs.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

namespace {
constexpr double kLargeBytes = 64e6;  // of a step of the whole model
}

void choose_arenas(const Preparation& preparation) {
  double largest = 0;
  for (const RunSpec& run : runs_of(preparation)) {
    if (run.seed != preparation.scenario.seeds.front()) continue;
    const RunInputs inputs(preparation, run);
    largest = std::max(largest, peak_memory_bytes(slice_cost(inputs.shape, full_slice(inputs.shape)),
                                                  local_training(inputs.training, inputs.training.batch)));
  }
  if (largest > kLargeBytes) mallopt(M_ARENA_MAX, 1);
}

}  // namespace msfusion
