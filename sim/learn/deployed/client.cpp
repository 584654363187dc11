#include <cstddef>

#include "sim/learn/deployed/nodes.hpp"
#include "sim/learn/deployed/training_node.hpp"
#include "sim/learn/running/message_sender.hpp"
#include "sim/learn/running/private_mean.hpp"
#include "sim/method/selection_attributes.hpp"

namespace msfusion {

namespace {

class Client : public TrainingNode {
 public:
  Client(const LearnerSetup& setup, NodeId node)
      : TrainingNode(setup, node), sending_(run_), private_(run_), down_(of_down_link(setup.method.encoding)) {}

  Payload pack(const RoundPlan& plan, StepId step) override {
    Trained sent = trained_;
    if (private_.applies()) private_.shorten(sent);
    double error = 0;
    Payload payload = sender_.send(sending_, sent, error);
    if (report_bytes(run_.setup.method) > 0) append_report(payload);
    check_bytes(plan, step, payload);
    return payload;
  }

  void unpack(const RoundPlan& plan, StepId step, const Payload& payload) override {
    check_bytes(plan, step, payload);
    const WidthSlice& slice = task_of_step(plan, step).slice;
    start_ = model_of(slice, payload);
  }

  void finish_round(const RoundPlan&) override {}

  std::vector<float> parameters(const RoundPlan&) const override { return trained_values(); }

 private:
  // The whole slice, or what was decided about the one that it has.
  at::Tensor model_of(const WidthSlice& slice, const Payload& payload) const {
    const auto whole = static_cast<std::size_t>(message_bytes(down_, run_.setup.shape, slice));
    if (payload.size() >= whole) return decoded({run_, down_, slice, {}, 0, kServerMessage, nullptr}, payload);
    return decoded({run_, run_.setup.method.encoding, slice, start_, 0, kServerMessage, nullptr}, payload);
  }

  void append_report(Payload& payload) const {
    const bool is_of_samples = told_of(run_.setup.method.selection) == Told::sample_losses;
    const auto loss = static_cast<float>(is_of_samples ? trained_.sample_loss : trained_.mean_loss);
    const auto* bytes = reinterpret_cast<const std::byte*>(&loss);
    payload.insert(payload.end(), bytes, bytes + sizeof loss);
  }

  const SendingContext sending_;
  const PrivateMean private_;
  const EncodingOptions down_;
  MessageSender sender_;
};

}  // namespace

std::unique_ptr<Participant> make_client(const LearnerSetup& setup, NodeId node) {
  return std::make_unique<Client>(setup, node);
}

}  // namespace msfusion
