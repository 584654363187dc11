// Turns the state of the fleet into the next round's plan, by the four choices of a method.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/method/method.hpp"
#include "sim/plan/coverage.hpp"
#include "sim/plan/fleet.hpp"
#include "sim/plan/local_work.hpp"
#include "sim/plan/peer_graph.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"
#include "sim/shape/cost.hpp"
#include "sim/shape/models.hpp"

namespace msfusion {

/// What a planner is made from. The references must outlive it.
struct PlannerSetup {
  const Shape& shape;
  const Fleet& fleet;
  const Method& method;
  const TrainingSpec& training;
  const ConstraintSpec& constraints;
  std::vector<std::int64_t> samples;  ///< training samples that each device holds
  double sample_bytes = 0;            ///< of one raw sample: what sending data itself costs
  std::uint64_t seed = 0;
  std::string scenario_file;  ///< for messages
};

/// The largest rate of 1/64 .. 64/64 for which `model narrowed by it` trains within the memory of every device. Throws
/// UserError if none does or a device states no memory.
double narrow_rate(const ModelSpec& model, const SampleShape& samples, const PlannerSetup& setup);

/// The training that a round asks of a device with that many samples: epochs or steps with a partial last batch.
LocalTraining local_training(const TrainingSpec& training, std::int64_t samples);

/// The tasks of a plan whose training took place: all of the device's computing until it sends the result was done
/// (or is still going on, where the plan keeps it in flight), whatever became of its messages.
std::vector<TaskId> trained_tasks(const RoundPlan& plan, const TimedRound& timed);

const TrainTask& task_of(const RoundPlan& plan, TaskId id);

class Planner {
 public:
  /// Settles rates and who takes part. Throws UserError: a device whose slice does not fit its memory (needed and
  /// available, per device) where the scenario says memory="fail", a missing property that is needed, a missing server.
  explicit Planner(PlannerSetup setup);

  /// The next round of those that are there (`is_present`; none given: everybody). A plan without tasks is an empty
  /// round.
  RoundPlan plan(int round, const std::function<bool(NodeId)>& is_present = {});

  /// Whether no step of an earlier plan is still going on.
  bool is_idle() const { return flying_steps_.empty(); }

  /// Tells what became of a plan (carried steps belong to earlier ones), and how the training went, if there was any.
  void observe(const RoundPlan& plan, const TimedRound& timed, std::optional<double> mean_loss);

  const Coverage& coverage() const { return coverage_; }
  std::optional<double> overlap_control() const;                   ///< c(t) of the last plan, if the split rule has one
  const std::vector<NodeId>& members() const { return members_; }  ///< devices that may take part
  const std::vector<std::string>& warnings() const { return warnings_; }  ///< from before the first round
  const std::vector<std::string>& news() const { return news_; }  ///< what the last observed round changed for good
  /// What a device's battery still holds after the last observed round; none where it has no battery.
  std::optional<double> battery_left_joules(NodeId device) const;
  const std::optional<PeerNetwork>& peers() const { return peers_; }

 private:
  double rate_of(NodeId device, int round) const;
  double settled_rate(NodeId device);
  bool keeps_limits(NodeId device, const SliceCost& cost, const LocalTraining& training) const;
  std::vector<NodeId> participants(int round, const std::function<bool(NodeId)>& is_present) const;
  void check_batteries() const;
  void check_aggregators() const;
  void drain_batteries(const TimedRound& timed);
  WidthSlice slice_of(const std::vector<NodeId>& participants, std::size_t position, int round) const;
  const SliceCost& cost_of(const WidthSlice& slice);
  LocalTraining training_of(NodeId device) const;
  TrainTask task_for(NodeId device, double split, WidthSlice slice);
  double model_bytes(const TrainTask& task);
  double work_flops(const TrainTask& task, NodeId node);
  double control(int round) const;
  void check_memory();
  void check_cut();
  void track_flight(const RoundPlan& plan, const TimedRound& timed);
  void adapt_overlap(double mean_loss, int round);

  void add_server_steps(RoundPlan& plan);
  void add_edge_steps(RoundPlan& plan);
  void add_peer_steps(RoundPlan& plan);
  void add_gossip_steps(RoundPlan& plan);
  void add_split_steps(RoundPlan& plan);
  void add_logit_steps(RoundPlan& plan);
  void add_local_steps(RoundPlan& plan);
  void add_central_steps(RoundPlan& plan);

  PlannerSetup setup_;
  Coverage coverage_;
  std::optional<PeerNetwork> peers_;
  std::vector<NodeId> members_;
  std::vector<double> rates_;       // per device
  std::vector<bool> has_previous_;  // devices that have trained before, so that a contrastive loss has a negative
  std::vector<bool> in_flight_;     // devices whose task is not back yet (asynchronous)
  std::map<std::pair<int, StepId>, NodeId> flying_steps_;  // (round, step) in flight, and the device whose task it is
  std::map<std::vector<int>, SliceCost> costs_;            // by the lengths of the slice's index sets
  std::vector<std::string> warnings_, news_;
  std::vector<double> drawn_joules_;  // per device, since the run began
  std::vector<bool> is_empty_;        // devices whose battery is used up
  TaskId next_task_ = 0;
  int planned_round_ = 0;
  double current_control_, next_control_;  // c of the planned round and of the one after it (adaptive overlap)
  double best_loss_ = 0;
  int stalled_rounds_ = 0;
};

}  // namespace msfusion
