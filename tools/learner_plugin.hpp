// Loads the learning executor, and LibTorch with it, when training starts.
#pragma once

#include <memory>

#include "sim/learn/learner.hpp"
#include "sim/learn/participant.hpp"

namespace msfusion {

/// LibTorch takes half a second to load, which `msfusion --help` should not cost: so the learning room is a shared
/// library. Loaded once before the runs' processes are forked, it is there in all of them. Starts no thread; failing is
/// left to load_learner.
void preload_learner();

/// In a run's own process. Throws RunError if the library cannot be loaded.
std::unique_ptr<Learner> load_learner(const LearnerSetup& setup);

/// The same for one node's part.
std::unique_ptr<Participant> load_participant(const LearnerSetup& setup, NodeId node);

/// Throws UserError where the scenario wants a device that this LibTorch does not have. Loads the library only to ask.
void require_device(const Scenario& scenario);

/// For processes that train for others. Throws as load_learner does.
std::unique_ptr<Trainer> load_trainer(const LearnerSetup& setup);

}  // namespace msfusion
