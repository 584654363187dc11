#include "sim/shape/fragments.hpp"

#include <algorithm>
#include <map>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/own_models.hpp"

namespace msfusion {

namespace {

// Streaming DiLoCo (arXiv 2501.18512): every device goes on with its own values; in round r fragment f = r mod F of the
// shared model w takes DiLoCo's step, d = w - mean of the devices' values, v = beta v + d, w -= eta (d + beta v), and
// each device mixes it in: own = a own + (1 - a) w. Where transfers overlap computing, the values are those of the
// round before. In double. A device that misses a round goes on from w.
class Fragments : public OwnModels {
 public:
  explicit Fragments(const MergeContext& context)
      : OwnModels(context),
        shared_(context.initial),
        velocity_(at::zeros({context.full.size()}, at::kDouble)),
        fragment_of_(fragment_of_tensors(context.shape, context.method.exchange.fragments)) {}

  at::Tensor global() const override { return shared_; }
  const char* what_is_global() const override { return "the model that the devices' fragments make up"; }

  void merge(const Arrivals& arrivals) override {
    keep_results(arrivals);
    const bool reduced = std::any_of(arrivals.deliveries.begin(), arrivals.deliveries.end(),
                                     [](const Delivery& delivery) { return delivery.to == kEverybody; });
    const int round = arrivals.plan.round;
    std::map<NodeId, Weighted> now;
    for (const Trained* trained : arrivals.tasks)
      now[trained->device] = {own_[static_cast<std::size_t>(trained->device)],
                              merge_weight(context_.method.merge, *trained)};
    if (!context_.method.exchange.overlaps) {
      if (reduced) step(round, now, now);
    } else {
      if (reduced && !sent_.empty()) step(round - 1, sent_, now);
      sent_.clear();
      for (const auto& [device, weighted] : now) sent_[device] = weighted;
    }
    for (NodeId device = 0; device < context_.devices(); ++device)
      if (now.count(device) == 0) own_[static_cast<std::size_t>(device)] = shared_;
  }

  void save(StateWriter& out) const override {
    OwnModels::save(out);
    out.tensor(shared_);
    out.tensor(velocity_);
    out.number(static_cast<std::int64_t>(sent_.size()));
    for (const auto& [device, weighted] : sent_) {
      out.number(device);
      out.tensor(weighted.values);
      out.real(weighted.weight);
    }
  }
  void restore(StateReader& in) override {
    OwnModels::restore(in);
    shared_ = in.tensor(at::kFloat, context_.full.size());
    velocity_ = in.tensor(at::kDouble, context_.full.size());
    sent_.clear();
    const std::int64_t count = in.number(0, context_.devices());
    for (std::int64_t i = 0; i < count; ++i) {
      Weighted& weighted = sent_[static_cast<NodeId>(in.number(0, context_.devices() - 1))];
      weighted.values = in.tensor(at::kFloat, context_.full.size());
      weighted.weight = in.real();
    }
  }

 private:
  /// The fragment's step with the values that those devices sent which are still there.
  void step(int round, const std::map<NodeId, Weighted>& sent, const std::map<NodeId, Weighted>& there) {
    const MergeChoice& choice = context_.method.merge;
    std::vector<Weighted> models;
    for (const auto& [device, weighted] : sent)
      if (there.count(device) > 0) models.push_back(weighted);
    if (models.empty()) return;
    const at::Tensor current = shared_.to(at::kDouble), change = current - weighted_mean(models);
    const at::Tensor velocity = velocity_ * choice.beta1 + change;
    const at::Tensor moved =
        (current - (choice.nesterov ? change + velocity * choice.beta1 : velocity) * choice.server_learning_rate)
            .to(at::kFloat);
    at::Tensor shared = shared_.clone(), kept = velocity_.clone();
    for_each_place(round, [&](std::int64_t offset, std::int64_t count) {
      shared.narrow(0, offset, count).copy_(moved.narrow(0, offset, count));
      kept.narrow(0, offset, count).copy_(velocity.narrow(0, offset, count));
    });
    shared_ = shared;
    velocity_ = kept;
    for (const auto& [device, weighted] : there) {
      at::Tensor& own = own_[static_cast<std::size_t>(device)];
      own = own.clone();
      for_each_place(round, [&](std::int64_t offset, std::int64_t count) {
        at::Tensor values = own.narrow(0, offset, count);
        values.copy_(at::lerp(shared_.narrow(0, offset, count), values, choice.keep_local));
      });
    }
  }

  template <class Visit>
  void for_each_place(int round, Visit visit) const {
    const int fragment = round % context_.method.exchange.fragments;
    for (std::size_t t = 0; t < fragment_of_.size(); ++t) {
      if (fragment_of_[t] != fragment || !context_.shape.tensors[t].is_trained) continue;
      const TensorSlot& slot = context_.full.slot(static_cast<int>(t));
      visit(slot.offset, slot.count);
    }
  }

  at::Tensor shared_, velocity_;
  std::vector<int> fragment_of_;
  std::map<NodeId, Weighted> sent_;  // what is under way, by the device that sent it
};

}  // namespace

std::unique_ptr<ModelState> make_fragments_merge(const MergeContext& context) {
  return std::make_unique<Fragments>(context);
}

}  // namespace msfusion
