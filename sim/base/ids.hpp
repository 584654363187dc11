// The few integer names that all rooms share.
#pragma once

namespace msfusion {

/// A host of the platform: devices are 0 .. N-1 in the fleet's order, then the server (if any), then its edge
/// aggregators.
using NodeId = int;

/// A piece of local training, counted over the whole run.
using TaskId = int;

/// The task of a step that belongs to no single one, as an aggregator's sum does.
constexpr TaskId kNoTask = -1;

/// A step's place in its round plan.
using StepId = int;

}  // namespace msfusion
