#include <map>

#include "sim/learn/deployed/nodes.hpp"
#include "sim/learn/deployed/training_node.hpp"
#include "sim/learn/merging/merge.hpp"
#include "sim/learn/running/majority_vote.hpp"
#include "sim/learn/running/pool.hpp"
#include "sim/learn/running/private_mean.hpp"
#include "sim/learn/running/slice_message.hpp"
#include "sim/method/selection_attributes.hpp"

namespace msfusion {

namespace {

class Server : public TrainingNode {
 public:
  Server(const LearnerSetup& setup, NodeId node)
      : TrainingNode(setup, node),
        up_(setup.method.encoding),
        down_(of_down_link(up_)),
        pool_(1, nullptr),
        private_(run_),
        state_(run_.model_state(pool_)) {}

  Payload pack(const RoundPlan& plan, StepId step) override {
    const TrainTask& task = task_of_step(plan, step);
    const SliceMap map = map_of(task.slice);
    const SliceMessage message{run_, down_, task.slice, {}, 0, kServerMessage, nullptr};
    Payload payload = encoded(message, gather(map, state_->of(task.device)));
    starts_[task.id] = decoded(message, payload);
    // A device that has the last model is told what was decided since.
    if (told_.defined() && transfer_of(plan, step).bytes < static_cast<double>(payload.size())) {
      const at::Tensor none = at::zeros({starts_[task.id].numel()});
      payload = encoded({run_, up_, task.slice, none, 0, kServerMessage, nullptr}, gather(map, told_));
    }
    check_bytes(plan, step, payload);
    return payload;
  }

  void unpack(const RoundPlan& plan, StepId step, const Payload& payload) override {
    check_bytes(plan, step, payload);
    const TrainTask& task = task_of_step(plan, step);
    Payload& message = messages_[task.id] = payload;
    // What devices tell of themselves is for the selection, which the plan has made already.
    message.resize(message.size() - static_cast<std::size_t>(report_bytes(run_.setup.method)));
    Trained& trained = arrived_[task.id];
    trained.task = task.id;
    trained.device = task.device;
    trained.round = plan.round;
    trained.slice = task.slice;
    trained.start = starts_.at(task.id);
    trained.values = decoded({run_, up_, task.slice, trained.start, plan.round, task.id, nullptr}, message);
    trained.samples = static_cast<std::int64_t>(run_.setup.parts.samples[static_cast<std::size_t>(task.device)].size());
    if (private_.applies()) private_.shorten(trained);
  }

  void finish_round(const RoundPlan& plan) override {
    Arrivals arrivals{plan, {}, {}};
    std::vector<MessageBytes> messages;
    for (const auto& [id, trained] : arrived_) {
      arrivals.tasks.push_back(&trained);
      arrivals.deliveries.push_back({id, node_});
      messages.push_back(messages_.at(id));
    }
    if (private_.applies()) {
      const Trained mean = private_.mean(plan, arrivals.tasks, state_->global());
      state_->merge({plan, {&mean}, {}});
    } else if (facts_of(up_.kind).votes) {
      const Decision decision = majority(run_, arrivals.tasks, messages, state_->global());
      state_->merge({plan, {&decision.model}, {}});
      told_ = decision.told;
    } else {
      state_->merge(arrivals);
    }
    arrived_.clear();
    messages_.clear();
    starts_.clear();
  }

  std::vector<float> parameters(const RoundPlan&) const override {
    return values_at(places_of(map_of(full_slice(run_.setup.shape))), state_->global());
  }

 private:
  const EncodingOptions up_, down_;
  Pool pool_;
  PrivateMean private_;
  std::unique_ptr<ModelState> state_;
  at::Tensor told_;                      // of the last round, where devices vote
  std::map<TaskId, at::Tensor> starts_;  // what the devices decoded
  std::map<TaskId, MessageBytes> messages_;
  std::map<TaskId, Trained> arrived_;
};

}  // namespace

std::unique_ptr<Participant> make_server(const LearnerSetup& setup, NodeId node) {
  return std::make_unique<Server>(setup, node);
}

}  // namespace msfusion
