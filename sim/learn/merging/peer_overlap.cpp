#include "sim/learn/merging/peer_overlap.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/own_models.hpp"

namespace msfusion {

namespace {

// MSfusion. Every element becomes the mean over the devices that trained it this round; an element that no device
// trained keeps its last value. While every device receives from every other, all agree and share one view. Otherwise
// every device has a view of its own: the mean over itself and the peers whose messages arrived. An element that it
// needs next and that none of them trained comes from the one among them in whose view it was trained last (the lowest
// id of several). Elements outside a device's next sub-model follow the same mean: they stand for what their last
// holders will send when they are needed again.
// Where not all devices are neighbours, nobody sends such elements later. So a device knows what it trained itself and,
// of its next sub-model, the mean with what its neighbours trained and sent this round; the rest stays as it held it.
class PeerOverlap : public ModelState {
 public:
  explicit PeerOverlap(const MergeContext& context)
      : context_(context), shared_(context.initial), shared_trained_(at::full({context.full.size()}, -1, at::kInt)) {}

  at::Tensor global() const override { return shared_; }
  const char* what_is_global() const override {
    return "of every element the mean over the devices that trained it last; no node holds the whole";
  }
  at::Tensor of(NodeId device) const override {
    return views_.empty() ? shared_ : views_[static_cast<std::size_t>(device)];
  }

  std::optional<double> disagreement() const override { return views_.empty() ? 0.0 : mean_distance(views_); }

  void merge(const Arrivals& arrivals) override {
    if (arrivals.tasks.empty()) return;
    std::vector<SliceMap> maps;
    for (const Trained* trained : arrivals.tasks) maps.emplace_back(context_.shape, context_.full, trained->slice);
    OverlapSum everybody(context_.full);
    for (std::size_t i = 0; i < maps.size(); ++i) add_trained(context_, everybody, maps[i], *arrivals.tasks[i]);

    if (joins_all() && !weighs_per_peer() && all_received_from_all(arrivals)) {
      if (!views_.empty()) agree();
    } else {
      separate();
      merge_views(arrivals, maps);
    }
    shared_ = everybody.mean(shared_).to(at::kFloat);
    stamp(shared_trained_, everybody, arrivals.plan.round);
  }

  void save(StateWriter& out) const override {
    out.tensor(shared_);
    out.tensor(shared_trained_);
    out.tensors(views_);
    out.tensors(trained_);
  }
  void restore(StateReader& in) override {
    const std::int64_t size = context_.full.size();
    shared_ = in.tensor(at::kFloat, size);
    shared_trained_ = in.tensor(at::kInt, size);
    views_ = in.tensors({0, static_cast<std::size_t>(context_.devices())}, at::kFloat, size);
    trained_ = in.tensors({views_.size()}, at::kInt, size);
  }

 private:
  // Per device: the trainings that it has received (indices into arrivals.tasks), ascending.
  using Received = std::vector<std::vector<std::size_t>>;

  Received received(const Arrivals& arrivals) const {
    Received result(static_cast<std::size_t>(context_.devices()));
    for (const Delivery& delivery : arrivals.deliveries) {
      if (delivery.to >= context_.devices()) continue;
      const auto task = std::find_if(arrivals.tasks.begin(), arrivals.tasks.end(),
                                     [&](const Trained* trained) { return trained->task == delivery.task; });
      result[static_cast<std::size_t>(delivery.to)].push_back(static_cast<std::size_t>(task - arrivals.tasks.begin()));
    }
    for (auto& tasks : result) {
      std::sort(tasks.begin(), tasks.end());
      tasks.erase(std::unique(tasks.begin(), tasks.end()), tasks.end());
    }
    return result;
  }

  // A device's next sub-model; the whole model where the plan has none.
  WidthSlice next_slice(const Arrivals& arrivals, NodeId device) const {
    for (std::size_t i = 0; i < arrivals.plan.tasks.size() && i < arrivals.plan.next_slices.size(); ++i)
      if (arrivals.plan.tasks[i].device == device) return arrivals.plan.next_slices[i];
    return full_slice(context_.shape);
  }

  bool all_received_from_all(const Arrivals& arrivals) const {
    const Received have = received(arrivals);
    return std::all_of(have.begin(), have.end(), [&](const std::vector<std::size_t>& tasks) {
      return static_cast<int>(tasks.size()) == context_.devices();
    });
  }

  static void stamp(at::Tensor& trained, const OverlapSum& sum, int round) {
    trained = trained.clone();
    auto* rounds = trained.data_ptr<std::int32_t>();
    for (std::int64_t i = 0; i < trained.numel(); ++i)
      if (sum.covers(i)) rounds[i] = round;
  }

  void separate() {
    if (!views_.empty()) return;
    views_.assign(static_cast<std::size_t>(context_.devices()), shared_);
    trained_.assign(static_cast<std::size_t>(context_.devices()), shared_trained_);
  }

  // Replaces elements that the other device has trained, or received, more recently.
  static void refresh(float* values, std::int32_t* rounds, const float* others, const std::int32_t* other_rounds,
                      std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i)
      if (other_rounds[i] > rounds[i]) {
        values[i] = others[i];
        rounds[i] = other_rounds[i];
      }
  }

  // All devices are in contact again: one view of the freshest values.
  void agree() {
    at::Tensor values = views_.front().clone(), rounds = trained_.front().clone();
    for (std::size_t device = 1; device < views_.size(); ++device)
      refresh(values.data_ptr<float>(), rounds.data_ptr<std::int32_t>(), views_[device].data_ptr<float>(),
              trained_[device].data_ptr<std::int32_t>(), values.numel());
    shared_ = values;
    shared_trained_ = rounds;
    views_.clear();
    trained_.clear();
  }

  void merge_views(const Arrivals& arrivals, const std::vector<SliceMap>& maps) {
    const Received have = received(arrivals);
    std::vector<std::future<std::pair<at::Tensor, at::Tensor>>> merged;
    for (std::size_t device = 0; device < have.size(); ++device)
      merged.push_back(context_.pool.submit(Urgency::merging, 1, [this, &arrivals, &maps, &have, device] {
        return merged_view(arrivals, maps, have[device], device);
      }));
    for (auto& view : merged) view.wait();
    for (std::size_t device = 0; device < have.size(); ++device)
      std::tie(views_[device], trained_[device]) = merged[device].get();
  }

  std::pair<at::Tensor, at::Tensor> merged_view(const Arrivals& arrivals, const std::vector<SliceMap>& maps,
                                                const std::vector<std::size_t>& tasks, std::size_t device) const {
    if (tasks.empty()) return {views_[device], trained_[device]};
    at::Tensor values = views_[device].clone(), rounds = trained_[device].clone();
    const SliceMap next(context_.shape, context_.full, next_slice(arrivals, static_cast<NodeId>(device)));
    for (const std::size_t task : tasks) {
      const auto peer = static_cast<std::size_t>(arrivals.tasks[task]->device);
      if (peer == device || !joins_all()) continue;
      next.for_each_run([&](int, const Run& run) {
        refresh(values.data_ptr<float>() + run.full, rounds.data_ptr<std::int32_t>() + run.full,
                views_[peer].data_ptr<float>() + run.full, trained_[peer].data_ptr<std::int32_t>() + run.full,
                run.length);
      });
    }
    OverlapSum sum(context_.full);
    for (const std::size_t task : tasks) add_trained(context_, sum, maps[task], *arrivals.tasks[task]);
    stamp(rounds, sum, arrivals.plan.round);
    at::Tensor merged = sum.mean(values);
    if (weighs_per_peer())
      for (const std::size_t task : tasks)
        if (static_cast<std::size_t>(arrivals.tasks[task]->device) == device)
          add_own(merged, sum, maps[task], arrivals.tasks[task]->values);
    if (joins_all()) return {merged.to(at::kFloat), rounds};
    at::Tensor known = values;
    for (const std::size_t task : tasks)
      if (static_cast<std::size_t>(arrivals.tasks[task]->device) == device)
        scatter(maps[task], arrivals.tasks[task]->values, known);
    scatter(next, gather(next, merged.to(at::kFloat)), known);
    return {known, rounds};
  }

  bool joins_all() const { return facts_of(context_.method.exchange.graph).joins_all; }

  bool weighs_per_peer() const { return context_.method.merge.own_weight == MergeChoice::OwnWeight::per_peer; }

  // Equation 5 as printed, 1/(S+1) sum_{s in S} (theta_s + theta_n), from the mean over all S + 1 = W: the own value
  // is in it once already and W - 2 times more are due. An element that no peer trained stays the device's own.
  static void add_own(at::Tensor& merged, const OverlapSum& sum, const SliceMap& map, const at::Tensor& own) {
    auto* out = merged.data_ptr<double>();
    const auto* values = own.data_ptr<float>();
    map.for_each_run([&](int, const Run& run) {
      for (std::int64_t i = 0; i < run.length; ++i) {
        const double devices = sum.weight(run.full + i);
        if (devices > 2) out[run.full + i] += (devices - 2) / devices * static_cast<double>(values[run.part + i]);
      }
    });
  }

  const MergeContext context_;
  at::Tensor shared_;          // the common view; with views: the overlap mean over all devices, for scores
  at::Tensor shared_trained_;  // per element: the last round in which a device trained it, -1 for never
  std::vector<at::Tensor> views_, trained_;  // per device, once they differ
};

}  // namespace

std::unique_ptr<ModelState> make_peer_overlap(const MergeContext& context) {
  return std::make_unique<PeerOverlap>(context);
}

}  // namespace msfusion
