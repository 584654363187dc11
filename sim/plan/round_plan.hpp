// A round as a value: the local trainings and the graph of computing and sending that surrounds them.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "sim/base/ids.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// Local training of one device in one round.
struct TrainTask {
  TaskId id = 0;  ///< unique in the run
  NodeId device = 0;
  int repeat = 0;    ///< how many trainings the device began before in the same round: 0 but in asynchronous methods
  double split = 1;  ///< the rate that the slice was cut with
  WidthSlice slice;
  std::int64_t samples = 0;  ///< processed this round: local epochs x samples held
  std::int64_t optimiser_steps = 0;
  std::int64_t parameters = 0;    ///< of the slice
  std::int64_t forward_macs = 0;  ///< per sample, of the part that the device itself trains
  double training_flops = 0;      ///< of that part, 2 x MACs, extra forwards of the objective included
  double server_flops = 0;        ///< of the other part, where the network is split between the device and the server
  double peak_memory_bytes = 0;   ///< of the device's part
};

/// Work on a node. `flops` is the amount that the node's speed divides: the roofline's seconds x speed.
struct Compute {
  NodeId node = 0;
  double flops = 0;
};

/// What a transfer carries, from the point of view of merging.
enum class Cargo {
  model,    ///< the values to start from
  trained,  ///< what the task's device trained this round: merging uses it if it arrives
  stale,    ///< elements nobody trained this round, from all that trained them last
  partial,  ///< what the task's device trained, on its way to an aggregator: merging uses it if the sum arrives
  sum,      ///< of the partials that the step comes after
  other,    ///< activations, logits, labels
  reduced,  ///< a part of the sum that an all-reduce forms: merging uses all tasks if every one of these arrives
};

/// The receiver of what an all-reduce brings to all of a round's devices.
inline constexpr NodeId kEverybody = -1;

struct Transfer {
  NodeId from = 0;
  NodeId to = 0;
  double bytes = 0;
  Cargo cargo = Cargo::model;
  double plain_bytes = 0;  ///< of the same parameters as 32-bit floats; 0: nobody asks
};

/// A node of the graph: starts when all of `after` are done (at once if there are none). DependencyRelease says which
/// steps that allows.
struct Step {
  std::variant<Compute, Transfer> what;
  TaskId task = 0;                    ///< the training it belongs to, or kNoTask
  std::vector<StepId> after;          ///< earlier steps of the same plan
  bool starts_when_any_done = false;  ///< starts when all of `after` have ended and at least one of them is done
};

/// When a round ends. `quorum` and `arrivals` count tasks all of whose steps are done.
struct Closing {
  enum class Kind { all, deadline, quorum, arrivals };
  Kind kind = Kind::all;
  double deadline_seconds = 0;  ///< deadline: from the round's start
  double fraction = 1;          ///< quorum: ceil(fraction * tasks of the plan)
  int arrivals = 0;             ///< arrivals: this many tasks, whichever round they started in
  int enough = 0;               ///< also when this many tasks are done; 0: there is no such number
  bool keep_in_flight = false;  ///< what is unfinished goes on into the next round instead of being cancelled
};

/// Updates that a server learns only as a sum, under masks that come off with enough answers.
struct SecureSum {
  std::vector<StepId> masked;          ///< transfers of the devices' updates
  std::vector<StepId> answers;         ///< transfers of what takes the masks off
  StepId unmasking = 0;                ///< the server's computing
  int needed = 0;                      ///< answers
  double flops_for_missing = 0;        ///< that the unmasking takes more for every masked update that has not arrived
  std::vector<StepId> messages = {};   ///< all of its transfers, masked updates included
  std::vector<StepId> computing = {};  ///< of the devices
  double plain_bytes = 0;              ///< of one update, in the clear and as 32-bit floats
};

struct RoundPlan {
  int round = 0;
  std::vector<TrainTask> tasks;
  std::vector<Step> steps;
  std::vector<WidthSlice> next_slices;  ///< per task: where the device's sub-model of the next round lies (peers only)
  bool all_reduces = false;             ///< see Cargo::reduced
  Closing closing;
  std::vector<SecureSum> secure_sums;
  int private_cohort = 0;  ///< devices that a private sum is divided by, whoever arrives; 0: none is
};

/// A task of the plan, by its id.
const TrainTask& task_of(const RoundPlan& plan, TaskId id);

}  // namespace msfusion
