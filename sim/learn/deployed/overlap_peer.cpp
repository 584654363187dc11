#include <limits>
#include <map>
#include <stdexcept>

#include "sim/learn/deployed/nodes.hpp"
#include "sim/learn/deployed/training_node.hpp"
#include "sim/learn/running/slice_message.hpp"

namespace msfusion {

namespace {

/// A device's next sub-model.
const WidthSlice& next_slice_of(const RoundPlan& plan, NodeId device) {
  for (std::size_t i = 0; i < plan.tasks.size(); ++i)
    if (plan.tasks[i].device == device) return plan.next_slices.at(i);
  throw std::logic_error("a transfer to a device that has no task");
}

// MSfusion: a peer sends the elements that it trained to the peers that need them next. No node has a mean of elements
// that nobody trained this round, because nobody has needed them since they were trained last. Every peer that trained
// them last sends its own values to the peer that needs them now, which takes the mean. Where not all are neighbours,
// such elements are not sent, and a peer goes on with what it holds.
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
    if (!joins_all()) scatter(map_of(trained_.slice), gather(map_of(trained_.slice), own_), values_);
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
          if (has_value(plan, node_, place, last) &&
              (joins_all() || covers(plan, node_)[static_cast<std::size_t>(place)]))
            add(node_, place, own[place]);
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
  bool joins_all() const { return facts_of(run_.setup.method.exchange.graph).joins_all; }

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

}  // namespace

std::unique_ptr<Participant> make_overlap_peer(const LearnerSetup& setup, NodeId node) {
  return std::make_unique<Peer>(setup, node);
}

}  // namespace msfusion
