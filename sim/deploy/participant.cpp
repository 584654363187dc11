#include "sim/deploy/participant.hpp"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <stdexcept>

#include "sim/base/error.hpp"
#include "sim/learn/merging/merge.hpp"
#include "sim/learn/running/message_sender.hpp"
#include "sim/learn/running/pool.hpp"
#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/runtime.hpp"
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/local_training.hpp"

namespace msfusion {

namespace {

const Transfer& transfer_of(const RoundPlan& plan, StepId step) {
  return std::get<Transfer>(plan.steps[static_cast<std::size_t>(step)].what);
}

const TrainTask& task_of_step(const RoundPlan& plan, StepId step) {
  const TaskId id = plan.steps[static_cast<std::size_t>(step)].task;
  for (const TrainTask& task : plan.tasks)
    if (task.id == id) return task;
  throw std::logic_error("a step of no task");
}

/// A device's next sub-model.
const WidthSlice& next_slice_of(const RoundPlan& plan, NodeId device) {
  for (std::size_t i = 0; i < plan.tasks.size(); ++i)
    if (plan.tasks[i].device == device) return plan.next_slices.at(i);
  throw std::logic_error("a transfer to a device that has no task");
}

/// The values at these places of a full buffer, without the layout's gaps.
std::vector<float> values_at(const std::vector<std::int64_t>& places, const at::Tensor& full) {
  std::vector<float> values;
  values.reserve(places.size());
  const float* from = full.data_ptr<float>();
  for (const std::int64_t place : places) values.push_back(from[place]);
  return values;
}

std::vector<std::int64_t> places_of(const SliceMap& map) {
  std::vector<std::int64_t> places;
  map.for_each_run([&](int, const Run& run) {
    for (std::int64_t i = 0; i < run.length; ++i) places.push_back(run.full + i);
  });
  return places;
}

// Trains on its own samples, as every device does.
class TrainingNode : public Participant {
 public:
  TrainingNode(const LearnerSetup& setup, NodeId node)
      : run_(setup), node_(node), values_(initial_values(setup.shape, run_.full, setup.seed)) {}

  void warm_up(const RoundPlan& plan, TaskId id) override {
    TrainingJob job = job_for(plan, id);
    job.source = initial_values(run_.setup.shape, run_.full, run_.setup.seed);
    if (facts_of(run_.setup.method.objective.kind).contrasts())
      job.negatives = {{job.task.slice, gather(map_of(job.task.slice), job.source)}};
    use_one_thread();
    msfusion::train(run_.training, job);
  }

  TaskOutcome train(const RoundPlan& plan, TaskId id) override {
    TrainingJob job = job_for(plan, id);
    job.source = values_;
    if (previous_.exists()) job.negatives.push_back(previous_);
    // On the calling thread, whose share of a core may be limited.
    use_one_thread();
    trained_ = msfusion::train(run_.training, job);
    if (facts_of(run_.setup.method.objective.kind).contrasts()) previous_ = {trained_.slice, trained_.values};
    return {id, node_, trained_.mean_loss, trained_.wall_seconds, trained_.cpu_seconds};
  }

 protected:
  SliceMap map_of(const WidthSlice& slice) const { return {run_.setup.shape, run_.full, slice}; }

  /// What it trained, tensor after tensor.
  std::vector<float> trained_values() const {
    at::Tensor full = at::empty({run_.full.size()});
    const SliceMap map = map_of(trained_.slice);
    scatter(map, trained_.values, full);
    return values_at(places_of(map), full);
  }

  static void check_bytes(const RoundPlan& plan, StepId step, const Payload& payload) {
    if (static_cast<double>(payload.size()) == transfer_of(plan, step).bytes) return;
    throw std::logic_error(fmt::format("step {} of round {} carries {} bytes where the plan says {}", step, plan.round,
                                       payload.size(), transfer_of(plan, step).bytes));
  }

  const RunContext run_;
  const NodeId node_;
  at::Tensor values_;  // flat, of the full model: what the node knows
  Trained trained_;    // of this round
  SubModel previous_;  // what it trained last, for contrastive losses

 private:
  TrainingJob job_for(const RoundPlan& plan, TaskId id) const {
    TrainingJob job;
    for (const TrainTask& task : plan.tasks)
      if (task.id == id) job.task = task;
    job.round = plan.round;
    job.samples = &run_.samples_of(node_);
    return job;
  }
};

// MSfusion: a peer sends the elements that it trained to the peers that need them next. No node has a mean of elements
// that nobody trained this round, because nobody has needed them since they were trained last. Every peer that trained
// them last sends its own values to the peer that needs them now, which takes the mean.
class Peer : public TrainingNode {
 public:
  Peer(const LearnerSetup& setup, NodeId node)
      : TrainingNode(setup, node),
        own_(at::full({run_.full.size()}, std::numeric_limits<float>::quiet_NaN())),
        trained_in_(setup.parts.samples.size(),
                    std::vector<std::int32_t>(static_cast<std::size_t>(run_.full.size()), -1)) {}

  TaskOutcome train(const RoundPlan& plan, TaskId id) override {
    const TaskOutcome outcome = TrainingNode::train(plan, id);
    // Once for all receivers; it goes on with what they decode.
    const SliceMessage message = message_of(plan);
    message_ = encoded(message, trained_.values);
    scatter(map_of(trained_.slice), decoded(message, message_), own_);
    return outcome;
  }

  Payload pack(const RoundPlan& plan, StepId step) override {
    const std::vector<std::int64_t> where = places(plan, step);
    Payload payload;
    if (transfer_of(plan, step).cargo == Cargo::trained) {
      payload = cut(message_of(plan), message_, where);
    } else {
      const std::vector<float> values = values_at(where, own_);
      const TensorCoding coding = stale_coding(where);
      payload.resize(static_cast<std::size_t>(encoded_bytes(coding.options, coding.extent)));
      encode(coding, values.data(), nullptr, payload.data());
    }
    check_bytes(plan, step, payload);
    return payload;
  }

  void unpack(const RoundPlan& plan, StepId step, const Payload& payload) override {
    check_bytes(plan, step, payload);
    const std::vector<std::int64_t> where = places(plan, step);
    if (transfer_of(plan, step).cargo == Cargo::trained) {
      received_[step] = decoded_cut(run_, run_.setup.method.encoding, payload, where);
    } else {
      received_[step].resize(where.size());
      decode(stale_coding(where), payload.data(), nullptr, received_[step].data());
    }
  }

  void finish_round(const RoundPlan& plan) override {
    const SliceMap next = map_of(next_slice_of(plan, node_));
    // Floating-point sums depend on the order: by device, whatever arrived first.
    std::map<NodeId, std::vector<StepId>> by_sender;
    for (const auto& [step, values] : received_) by_sender[transfer_of(plan, step).from].push_back(step);
    by_sender[node_];
    std::vector<double> sum(static_cast<std::size_t>(run_.full.size())), weight(sum.size());
    const auto add = [&](NodeId device, std::int64_t place, float value) {
      const double share = weight_of(device);
      sum[static_cast<std::size_t>(place)] += share * static_cast<double>(value);
      weight[static_cast<std::size_t>(place)] += share;
    };
    const std::vector<std::int32_t>& last = last_trained(plan);
    for (const auto& [sender, steps] : by_sender) {
      if (sender == node_) {
        const float* own = own_.data_ptr<float>();
        for (const std::int64_t place : places_of(next))
          if (has_value(plan, node_, place, last)) add(node_, place, own[place]);
        continue;
      }
      for (const StepId step : steps) {
        const std::vector<std::int64_t> where = places(plan, step);
        const std::vector<float>& values = received_.at(step);
        for (std::size_t i = 0; i < where.size(); ++i) add(sender, where[i], values[i]);
      }
    }
    at::Tensor merged = values_.clone();
    float* out = merged.data_ptr<float>();
    for (const std::int64_t place : places_of(next)) {
      const auto i = static_cast<std::size_t>(place);
      if (weight[i] > 0) out[place] = static_cast<float>(sum[i] / weight[i]);
    }
    values_ = merged;
    mark(plan);
    received_.clear();
  }

  std::vector<float> parameters(const RoundPlan& last) const override {
    return values_at(places_of(map_of(next_slice_of(last, node_))), values_);
  }

 private:
  SliceMessage message_of(const RoundPlan& plan) const {
    return {run_, run_.setup.method.encoding, trained_.slice, {}, plan.round, trained_.task, nullptr};
  }

  // Elements of several rounds have no range in common.
  TensorCoding stale_coding(const std::vector<std::int64_t>& where) const {
    return {run_.setup.method.encoding, {static_cast<std::int64_t>(where.size()), 1, true}, 0, 0, nullptr};
  }

  double weight_of(NodeId device) const {
    return run_.setup.method.merge.weights == MergeChoice::Weights::samples
               ? static_cast<double>(run_.setup.parts.samples[static_cast<std::size_t>(device)].size())
               : 1.0;
  }

  // Per element: the last round in which a device trained it, this one included; -1 for never.
  const std::vector<std::int32_t>& last_trained(const RoundPlan& plan) {
    if (last_round_ == plan.round) return last_;
    last_.assign(static_cast<std::size_t>(run_.full.size()), -1);
    for (const auto& rounds : trained_in_)
      for (std::size_t i = 0; i < last_.size(); ++i) last_[i] = std::max(last_[i], rounds[i]);
    for (const TrainTask& task : plan.tasks)
      for (const std::int64_t place : places_of(map_of(task.slice)))
        last_[static_cast<std::size_t>(place)] = plan.round;
    last_round_ = plan.round;
    return last_;
  }

  bool has_value(const RoundPlan& plan, NodeId device, std::int64_t place, const std::vector<std::int32_t>& last) {
    const auto i = static_cast<std::size_t>(place);
    if (last[i] == plan.round) return covers(plan, device)[i];
    return last[i] >= 0 && trained_in_[static_cast<std::size_t>(device)][i] == last[i];
  }

  // Per element: whether the device trains it this round.
  const std::vector<bool>& covers(const RoundPlan& plan, NodeId device) {
    if (covers_round_ != plan.round) covers_.clear();
    covers_round_ = plan.round;
    std::vector<bool>& covered = covers_[device];
    if (!covered.empty()) return covered;
    covered.assign(static_cast<std::size_t>(run_.full.size()), false);
    for (const TrainTask& task : plan.tasks)
      if (task.device == device)
        for (const std::int64_t place : places_of(map_of(task.slice))) covered[static_cast<std::size_t>(place)] = true;
    return covered;
  }

  // The elements of a transfer, in the order of the receiver's next sub-model. Both ends derive them from the plans.
  std::vector<std::int64_t> places(const RoundPlan& plan, StepId step) {
    const Transfer& transfer = transfer_of(plan, step);
    const std::vector<std::int32_t>& last = last_trained(plan);
    const bool fresh = transfer.cargo == Cargo::trained;
    std::vector<std::int64_t> result;
    for (const std::int64_t place : places_of(map_of(next_slice_of(plan, transfer.to))))
      if ((last[static_cast<std::size_t>(place)] == plan.round) == fresh && has_value(plan, transfer.from, place, last))
        result.push_back(place);
    return result;
  }

  void mark(const RoundPlan& plan) {
    for (const TrainTask& task : plan.tasks)
      for (const std::int64_t place : places_of(map_of(task.slice)))
        trained_in_[static_cast<std::size_t>(task.device)][static_cast<std::size_t>(place)] = plan.round;
  }

  at::Tensor own_;        // flat, full size: what others decode of what it trained last, NaN for never
  MessageBytes message_;  // of this round's slice
  std::vector<std::vector<std::int32_t>> trained_in_;  // per device and element: the last round, -1 for never
  std::map<StepId, std::vector<float>> received_;
  std::map<NodeId, std::vector<bool>> covers_;
  int covers_round_ = -1;
  std::vector<std::int32_t> last_;
  int last_round_ = -1;
};

// A device that trains the model of a server.
class Client : public TrainingNode {
 public:
  Client(const LearnerSetup& setup, NodeId node)
      : TrainingNode(setup, node), sending_(run_), down_(of_down_link(setup.method.encoding)) {}

  Payload pack(const RoundPlan& plan, StepId step) override {
    Trained sent = trained_;
    double error = 0;
    Payload payload = sender_.send(sending_, sent, error);
    check_bytes(plan, step, payload);
    return payload;
  }

  void unpack(const RoundPlan& plan, StepId step, const Payload& payload) override {
    check_bytes(plan, step, payload);
    const WidthSlice& slice = task_of_step(plan, step).slice;
    // Elements that it does not receive must not be used: they are not-a-numbers.
    values_ = at::full({run_.full.size()}, std::numeric_limits<float>::quiet_NaN());
    scatter(map_of(slice), decoded({run_, down_, slice, {}, 0, kServerMessage, nullptr}, payload), values_);
  }

  void finish_round(const RoundPlan&) override {}

  std::vector<float> parameters(const RoundPlan&) const override { return trained_values(); }

 private:
  const SendingContext sending_;
  const EncodingOptions down_;
  MessageSender sender_;
};

// The server of FedAvg, HeteroFL, FedRolex and Federated Dropout. It merges with the simulator's own code.
class Server : public TrainingNode {
 public:
  Server(const LearnerSetup& setup, NodeId node)
      : TrainingNode(setup, node),
        down_(of_down_link(setup.method.encoding)),
        pool_(1, nullptr),
        state_(run_.model_state(pool_)) {}

  Payload pack(const RoundPlan& plan, StepId step) override {
    const TrainTask& task = task_of_step(plan, step);
    const SliceMessage message{run_, down_, task.slice, {}, 0, kServerMessage, nullptr};
    Payload payload = encoded(message, gather(map_of(task.slice), state_->of(task.device)));
    check_bytes(plan, step, payload);
    starts_[task.id] = decoded(message, payload);
    return payload;
  }

  void unpack(const RoundPlan& plan, StepId step, const Payload& payload) override {
    check_bytes(plan, step, payload);
    const TrainTask& task = task_of_step(plan, step);
    Trained& trained = arrived_[task.id];
    trained.task = task.id;
    trained.device = task.device;
    trained.round = plan.round;
    trained.slice = task.slice;
    trained.start = starts_.at(task.id);
    trained.values =
        decoded({run_, run_.setup.method.encoding, task.slice, trained.start, plan.round, task.id, nullptr}, payload);
    trained.samples = static_cast<std::int64_t>(run_.setup.parts.samples[static_cast<std::size_t>(task.device)].size());
  }

  void finish_round(const RoundPlan& plan) override {
    Arrivals arrivals{plan, {}, {}};
    for (const auto& [id, trained] : arrived_) {
      arrivals.tasks.push_back(&trained);
      arrivals.deliveries.push_back({id, node_});
    }
    state_->merge(arrivals);
    arrived_.clear();
    starts_.clear();
  }

  std::vector<float> parameters(const RoundPlan&) const override {
    return values_at(places_of(map_of(full_slice(run_.setup.shape))), state_->global());
  }

 private:
  const EncodingOptions down_;
  Pool pool_;
  std::unique_ptr<ModelState> state_;
  std::map<TaskId, at::Tensor> starts_;  // what the devices decoded
  std::map<TaskId, Trained> arrived_;
};

[[noreturn]] void refuse(const Method& method, const char* what) {
  throw UserError(Mistake{"", method.line, fmt::format("method {}: {}", method.label, what),
                          "MSfusion among peers that all know each other, or a mean at a server"});
}

}  // namespace

std::unique_ptr<Participant> make_participant(const LearnerSetup& setup, NodeId node) {
  const Method& method = setup.method;
  const bool is_contrastive = method.objective.kind == ObjectiveKind::contrastive;
  if (method.objective.kind != ObjectiveKind::cross_entropy && !is_contrastive)
    refuse(method, "real peers do not know its objective");
  if (is_contrastive && method.objective.negatives != ObjectiveChoice::Negatives::previous)
    refuse(method, "real peers keep no sub-models of others");
  if (method.merge.own_weight == MergeChoice::OwnWeight::per_peer) refuse(method, "real peers take the mean");
  if (method.personal.kind != PersonalKind::none || method.state != OptimiserState::reset)
    refuse(method, "real peers keep nothing to themselves");
  if (setup.training.freezes()) refuse(method, "real peers send every layer, frozen ones too");
  const bool is_private = method.privacy.clip || method.privacy.secure();
  if (is_private || facts_of(method.encoding.kind).votes) refuse(method, "real peers neither mask nor count updates");
  const bool by_mean = method.merge.kind == MergeKind::mean || method.merge.kind == MergeKind::overlap_mean;
  if (facts_of(method.exchange.kind).among_peers && method.merge.kind == MergeKind::overlap_mean &&
      facts_of(method.exchange.graph).joins_all)
    return std::make_unique<Peer>(setup, node);
  if (method.exchange.kind != ExchangeKind::server || !by_mean) refuse(method, "real peers do not know its exchange");
  if (node == static_cast<NodeId>(setup.parts.samples.size())) return std::make_unique<Server>(setup, node);
  return std::make_unique<Client>(setup, node);
}

}  // namespace msfusion

// For programs that load this library when training starts; the caller owns the result.
extern "C" msfusion::Participant* msfusion_make_participant(const msfusion::LearnerSetup* setup, int node) {
  return msfusion::make_participant(*setup, node).release();
}
