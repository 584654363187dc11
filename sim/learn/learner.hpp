// The learning executor as the round loop sees it: free of LibTorch, so that a program can start without it.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/base/cores.hpp"
#include "sim/base/profile.hpp"
#include "sim/data/dataset.hpp"
#include "sim/data/partition.hpp"
#include "sim/method/method.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/shape/shape.hpp"

namespace msfusion {

/// What one local training reports.
struct TaskOutcome {
  TaskId task = 0;
  NodeId device = 0;
  double mean_loss = 0;     ///< of the local objective over all its steps
  double wall_seconds = 0;  ///< real time; never part of a result
  double cpu_seconds = 0;   ///< of the training thread's own clock; likewise
};

/// "What `task` trained has arrived at `to`": the server, or a peer.
struct Delivery {
  TaskId task = 0;
  NodeId to = 0;
};

struct DeviceScore {
  NodeId device = 0;
  double accuracy = 0;
  double loss = 0;
};

/// Scores on the whole test split. For language models accuracy is that of the next (or masked) token, loss is in nats.
struct Evaluation {
  int round = 0;
  double global_accuracy = 0;
  double global_loss = 0;
  std::optional<double> submodel_accuracy;  ///< mean over the devices' sub-models
  std::optional<double> submodel_loss;
  std::vector<DeviceScore> devices;    ///< the sub-models one by one
  std::optional<double> disagreement;  ///< peers: mean over devices of ||view - mean view|| / ||mean view||
};

struct LearnerSetup;

/// Other processes that train for this one.
struct Elsewhere {
  int at_once = 0;  ///< jobs that can be there at the same time
  /// Has a job of the run done there and returns the result, both as a Trainer knows them. Called from several threads.
  /// Throws RunError where nobody is there any more.
  std::function<std::string(const LearnerSetup& run, const std::string& job)> train;
};

/// Everything that a learner is made from. The references must outlive it.
struct LearnerSetup {
  const Shape& shape;
  const Dataset& data;
  const Partition& parts;
  const TrainingSpec& training;
  const EvaluationSpec& evaluation;
  const DataSpec& data_spec;
  const Method& method;
  std::uint64_t seed = 0;
  int workers = 1;                       ///< threads of the pool, one single-threaded job each
  CoreBudget* cores = nullptr;           ///< shared by the runs of a program: a job holds one core; none: no limit
  const Elsewhere* elsewhere = nullptr;  ///< who trains; none: this process
};

/// Trains, merges and evaluates for one run. Calls come from one thread. Results do not depend on the number of
/// workers. Throws RunError (diverged loss with round, device and last finite loss).
class Learner {
 public:
  virtual ~Learner() = default;

  /// Hands these trainings of the plan to the pool (longest first), each starting from the values its device has now.
  virtual void start(const RoundPlan& plan, const std::vector<TaskId>& tasks) = 0;

  /// Waits for the trainings among the deliveries and merges what arrived. Where devices keep models of their own
  /// (peers, logits, none, central) every started task of the plan counts as delivered to its own device. What was
  /// started and not delivered is dropped, unless the plan keeps it in flight. Outcomes in the order of task ids.
  virtual std::vector<TaskOutcome> merge(const RoundPlan& plan, const std::vector<Delivery>& deliveries) = 0;

  /// Real seconds that the last merge() took once the trainings were there.
  virtual double merge_seconds() const = 0;

  /// Drops what was started and is not among these trainings: it can never be delivered.
  virtual void keep_in_flight(const std::set<TaskId>& tasks) = 0;

  /// Starts evaluating the model as it is now, beside whatever training follows.
  virtual void begin_evaluation(int round) = 0;
  virtual Evaluation finish_evaluation() = 0;

  /// A slice of what a device would start from now (of the server: of the model), tensor after tensor as it lies in
  /// memory, convolutions channels last.
  virtual std::vector<float> parameters(NodeId node, const WidthSlice& slice) const = 0;

  /// The whole state after a merge, so that a run can go on from it to the same bits.
  virtual void save(std::ostream& out) const = 0;
  virtual void restore(std::istream& in) = 0;

  /// Gathering, training, merging and evaluating so far, as far as the jobs are finished; real time, never part of a
  /// result.
  virtual Profile profile() const = 0;

  /// Versions and instruction sets that the last bits of the results depend on, e.g. "LibTorch 1.13.1, oneDNN, AVX512".
  virtual std::string description() const = 0;
};

/// Does the trainings of one run that another process hands over. Results do not depend on which process does them.
class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual std::string train(const std::string& job) = 0;  ///< throws RunError as the training does
};

std::unique_ptr<Learner> make_learner(const LearnerSetup& setup);
std::unique_ptr<Trainer> make_trainer(const LearnerSetup& setup);

}  // namespace msfusion
