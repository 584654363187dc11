// The few integer names that all rooms share.
#pragma once

namespace msfusion {

/// A host of the platform: devices are 0 .. N-1 in the fleet's order, the server (if any) comes after them.
using NodeId = int;

/// A piece of local training, counted over the whole run.
using TaskId = int;

/// A step's place in its round plan.
using StepId = int;

}  // namespace msfusion
