// Decides which trainings of a round run as one computation.
#pragma once

#include <vector>

#include "sim/learn/training/local_training.hpp"
#include "sim/learn/training/training_job.hpp"

namespace msfusion {

/// Groups jobs whose slices are small and of equal sizes; all others train alone. There are at least twice as many
/// groups as `workers`, shared among the sizes by their cost. Jobs keep their order within a group, and groups are in
/// the order of their first jobs. Results do not depend on the grouping (train_together()).
std::vector<std::vector<TrainingJob>> groups_of(std::vector<TrainingJob> jobs, const TrainingContext& context,
                                                int workers);

}  // namespace msfusion
