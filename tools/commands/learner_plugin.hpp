// Loads the learning executor, and LibTorch with it, when training starts.
#pragma once

#include <memory>

#include "sim/learn/learner.hpp"
#include "sim/learn/participant.hpp"
#include "sim/scenario/scenario.hpp"

namespace msfusion {

/// LibTorch takes half a second to load, which `msfusion --help` should not cost: so the learning room is a shared
/// library. Begins to load it in a thread of its own, beside whatever the caller prepares meanwhile. Until
/// preload_learner() nothing may fork: a child would inherit the loader's lock, and wait for it forever. A process
/// that ends before must leave without running destructors, as the library may just be running its constructors.
void begin_preload();

/// Loads it, or waits until it is loaded: once before the runs' processes are forked, so that it is there in all of
/// them, and no thread is left. Returns the processor seconds that begin_preload()'s thread took. Failing is left to
/// load_learner.
double preload_learner();

/// In a run's own process. Throws RunError if the library cannot be loaded.
std::unique_ptr<Learner> load_learner(const LearnerSetup& setup);

/// The same for one node's part.
std::unique_ptr<Participant> load_participant(const LearnerSetup& setup, NodeId node);

/// Whether LibTorch has CUDA and finds a GPU. Throws as load_learner does.
bool learner_has_cuda();

/// Throws UserError where the scenario wants a device that this LibTorch does not have. Loads the library only to ask.
void require_device(const Scenario& scenario);

/// For processes that train for others. Throws as load_learner does.
std::unique_ptr<Trainer> load_trainer(const LearnerSetup& setup);

}  // namespace msfusion
