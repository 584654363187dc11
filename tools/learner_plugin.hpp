// Loads the learning executor, and LibTorch with it, when training starts.
#pragma once

#include <memory>

#include "sim/learn/learner.hpp"

namespace msfusion {

/// LibTorch takes half a second to load, which `msfusion --help` should not cost: so the learning room is a shared
/// library that a run's own process opens. Throws RunError if it cannot be loaded.
std::unique_ptr<Learner> load_learner(const LearnerSetup& setup);

}  // namespace msfusion
