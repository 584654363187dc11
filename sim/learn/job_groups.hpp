// Which trainings of a round are carried out as one computation.
#pragma once

#include <vector>

#include "sim/learn/local_training.hpp"
#include "sim/learn/training_job.hpp"

namespace msfusion {

/// Jobs whose slices have equal sizes and are small, together, but in twice as many groups as there are `workers`,
/// shared among the sizes by their cost; all others alone. Keeps the order of the jobs within groups, and the groups in
/// the order of their first jobs. Results do not depend on the grouping (train_together()).
std::vector<std::vector<TrainingJob>> groups_of(std::vector<TrainingJob> jobs, const TrainingContext& context,
                                                int workers);

}  // namespace msfusion
