// The learning executor as the round loop sees it: free of LibTorch, so that a program can start without it.
#pragma once

#include <functional>
#include <iosfwd>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/cores.hpp"
#include "sim/base/profile.hpp"
#include "sim/data/dataset.hpp"
#include "sim/data/partition.hpp"
#include "sim/method/method.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/plan/training_options.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"
#include "sim/shape/tensor_file.hpp"

namespace msfusion {

/// What one local training reports.
struct TaskOutcome {
  TaskId task = 0;
  NodeId device = 0;
  double mean_loss = 0;     ///< of the local objective over all its steps
  double wall_seconds = 0;  ///< real time; never part of a result
  double cpu_seconds = 0;   ///< of the training thread's own clock; likewise
  /// Root of the mean squared loss of the samples of its first epoch, where the method's selection asks for it.
  double sample_loss = std::numeric_limits<double>::quiet_NaN();
};

/// The result of `task` has arrived at `to`, the server or a peer.
struct Delivery {
  TaskId task = 0;
  NodeId to = 0;
};

/// Of a round's messages, each as a share of the update that it carries, or of the model that it brings; mean over
/// them. None where nothing was encoded.
struct CodingErrors {
  std::optional<double> up, down;
};

/// Of a round with differential privacy. None where it merged nothing, or there is no clip.
struct PrivacyFigures {
  std::optional<double> clip;       ///< that held
  std::optional<double> shortened;  ///< share of the arrived updates that it shortened
};

struct DeviceScore {
  NodeId device = 0;
  double accuracy = 0;
  double loss = 0;
};

/// A device's own model, or what it would use in its place, on its own part of the test split.
struct PersonalScore {
  NodeId device = 0;
  std::int64_t samples = 0;  ///< of the part
  double accuracy = 0, loss = 0;
  double global_accuracy = 0;  ///< of the global model, on the same part
};

/// Scores on the whole test split. For language models accuracy is that of the next (or masked) token, loss is in nats.
struct Evaluation {
  int round = 0;
  double global_accuracy = 0;
  double global_loss = 0;
  std::optional<double> submodel_accuracy;  ///< mean over the devices' sub-models
  std::optional<double> submodel_loss;
  std::vector<DeviceScore> devices;      ///< the sub-models one by one
  std::vector<PersonalScore> personal;   ///< of the devices that have trained, where it is asked for
  std::vector<double> class_accuracies;  ///< of the global model, by class; NaN: not tested; none for token data
  std::optional<double> disagreement;    ///< peers: mean over devices of ||view - mean view|| / ||mean view||
};

/// A model that was evaluated.
struct EvaluatedModel {
  std::string holder;  ///< whose it is: "the server's model"
  double accuracy = 0;
  double loss = 0;
  WidthSlice slice;
  /// The parameters by the shape's names, and of each batch norm its running_mean and running_var: the statistics that
  /// the evaluation used.
  std::vector<NamedTensor> tensors;
};

struct LearnerSetup;

/// Trains jobs in other processes.
struct RemoteTrainer {
  int capacity = 0;  ///< jobs that can run at the same time
  /// Runs a job of the run and returns its result, both in Trainer's format. Called from several threads. Throws
  /// RunError if the other processes are gone.
  std::function<std::string(const LearnerSetup& run, const std::string& job)> train;
};

/// What a learner is made from. The references must outlive it.
struct LearnerSetup {
  const Shape& shape;
  const Dataset& data;
  const Partition& parts;
  const TrainingOptions& training;
  const EvaluationOptions& evaluation;
  const DataOptions& data_spec;
  const Method& method;
  std::uint64_t seed = 0;
  int workers = 1;                        ///< threads of the pool, one single-threaded job each
  CoreBudget* cores = nullptr;            ///< shared by the runs of a program: a job holds one core; null: no limit
  const RemoteTrainer* remote = nullptr;  ///< trains instead of this process; null: this process trains
  const TensorFile* initial = nullptr;    ///< start values of all tensors that have its names; null: drawn at random
};

/// Trains, merges and evaluates for one run. Calls come from one thread. Results do not depend on the number of
/// workers. Throws RunError (diverged loss with round, device and last finite loss).
class Learner {
 public:
  virtual ~Learner() = default;

  /// Starts these trainings of the plan (longest first), each from its device's current values.
  virtual void start(const RoundPlan& plan, const std::vector<TaskId>& tasks) = 0;

  /// Trainings that were started, were done, and whose updates got lost on their way: before the merge of the round in
  /// which that happened. For rounds that keep others in flight; where none is kept, merge() tells by itself.
  virtual void lose(const std::vector<TaskId>& tasks) { (void)tasks; }

  /// Waits for the delivered trainings and merges them. Where devices keep models of their own (peers, logits, none,
  /// central) every started task of the plan counts as delivered to its own device. Trainings that were started and not
  /// delivered are dropped, unless the plan keeps them in flight. Outcomes are in the order of task ids.
  virtual std::vector<TaskOutcome> merge(const RoundPlan& plan, const std::vector<Delivery>& deliveries) = 0;

  /// The mean loss of the current global model on each device's samples, of all of them or of one batch of a round:
  /// what devices report that get a slice of it and do not train.
  virtual std::vector<double> losses_before(const std::vector<std::pair<NodeId, WidthSlice>>& devices, int round,
                                            bool of_one_batch) {
    (void)devices, (void)round, (void)of_one_batch;
    throw std::logic_error("this learner knows no losses");
  }

  /// Of the current global model, as Evaluation has them.
  virtual std::vector<double> class_accuracies() { throw std::logic_error("this learner knows no accuracies"); }

  /// Of the messages that the last start() and merge() encoded.
  virtual CodingErrors coding_errors() const { return {}; }

  /// Of the last merge().
  virtual PrivacyFigures privacy_figures() const { return {}; }

  /// Real seconds that the last merge() took once the trainings were there.
  virtual double merge_seconds() const = 0;

  /// Drops all started trainings but these: the others can never be delivered.
  virtual void keep_in_flight(const std::set<TaskId>& tasks) = 0;

  /// Starts evaluating the current model, concurrently with the training that follows.
  virtual void begin_evaluation(int round) = 0;
  virtual Evaluation finish_evaluation() = 0;

  /// What the last finished evaluation scored: the global model, or that of a device that it scored. Call it before the
  /// next merge().
  virtual EvaluatedModel evaluated_model(std::optional<NodeId> device) const = 0;

  /// A slice of what a device would start from now (for the server: of the global model), tensor after tensor in memory
  /// order, convolutions channels last.
  virtual std::vector<float> parameters(NodeId node, const WidthSlice& slice) const = 0;

  /// The whole state after a merge. A run that restores it continues to the same bits.
  virtual void save(std::ostream& out) const = 0;
  virtual void restore(std::istream& in) = 0;

  /// Gathering, training, merging and evaluating by the jobs that have finished; real time, never part of a result.
  virtual CpuProfile profile() const = 0;

  /// Versions and instruction sets that the last bits of the results depend on, e.g. "LibTorch 1.13.1, oneDNN, AVX512".
  virtual std::string description() const = 0;
};

/// Runs jobs that another process's learner sends, all of one run. Results do not depend on which process trains.
class Trainer {
 public:
  virtual ~Trainer() = default;
  virtual std::string train(const std::string& job) = 0;  ///< throws RunError as training does
};

std::unique_ptr<Learner> make_learner(const LearnerSetup& setup);
std::unique_ptr<Trainer> make_trainer(const LearnerSetup& setup);

}  // namespace msfusion
