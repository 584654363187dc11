#include <map>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"
#include "sim/shape/exits.hpp"

namespace msfusion {

namespace {

// InclusiveFL (arXiv 2208.10705): every element becomes the mean over the devices that trained it. In that mean, the
// move of a sub-model's last block is (1 - beta) its own + beta the mean move of the blocks of the next deeper size
// that arrived, from that block on; blocks whose tensors have other sizes do not count.
class PrefixMean : public ServerState {
 public:
  using ServerState::ServerState;

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    OverlapSum sum(context_.full);
    std::map<int, std::vector<const Trained*>> sizes;
    for (const Trained* trained : arrivals.tasks) {
      add_trained(context_, sum, map_of(*trained), *trained);
      sizes[stages_of(context_.shape, trained->slice)].push_back(trained);
    }
    at::Tensor model = sum.mean(global_);
    const double beta = context_.method.merge.momentum_distillation;
    if (beta == 0) return model;
    for (auto size = sizes.begin(), deeper = size; ++deeper != sizes.end(); size = deeper)
      distil(*size, *deeper, sum, beta, model);
    return model;
  }

 private:
  using Size = std::pair<const int, std::vector<const Trained*>>;  // number of stages, trainings
  using Blocks = std::vector<const std::vector<int>*>;             // tensors of each

  SliceMap map_of(const Trained& trained) const { return {context_.shape, context_.full, trained.slice}; }

  // Means by weight, in double; 0 where nobody of the size has an element. In `weights` those of the elements.
  at::Tensor moves_of(const Size& size, at::Tensor& weights) const {
    OverlapSum sum(context_.full);
    weights = at::zeros({context_.full.size()}, at::kDouble);
    for (const Trained* trained : size.second)
      sum.add(map_of(*trained), trained->values - trained->start, merge_weight(context_.method.merge, *trained));
    for (std::int64_t i = 0; i < context_.full.size(); ++i) weights.data_ptr<double>()[i] = sum.weight(i);
    return sum.mean(at::zeros({context_.full.size()}));
  }

  bool is_alike(const std::vector<int>& a, const std::vector<int>& b) const {
    if (a.size() != b.size()) return false;
    for (std::size_t t = 0; t < a.size(); ++t)
      if (context_.full.slot(a[t]).sizes != context_.full.slot(b[t]).sizes) return false;
    return true;
  }

  // From the shallower size's last block on to the deeper one's last.
  Blocks blocks_between(int shallow, int deep) const {
    Blocks found;
    const std::vector<Stage>& stages = context_.shape.stages;
    const std::vector<int>& top = stages[static_cast<std::size_t>(shallow - 1)].blocks.back();
    found.push_back(&top);
    for (int s = shallow; s < deep; ++s)
      for (const std::vector<int>& block : stages[static_cast<std::size_t>(s)].blocks)
        if (is_alike(top, block)) found.push_back(&block);
    return found;
  }

  void distil(const Size& size, const Size& deeper, const OverlapSum& all, double beta, at::Tensor& model) const {
    at::Tensor weights, unused;
    const at::Tensor own = moves_of(size, weights), moves = moves_of(deeper, unused);
    const Blocks blocks = blocks_between(size.first, deeper.first);
    const std::vector<int>& top = *blocks.front();
    for (std::size_t t = 0; t < top.size(); ++t) {
      at::Tensor mean = at::zeros(context_.full.slot(top[t]).sizes, at::kDouble);
      for (const std::vector<int>* block : blocks) mean = mean + context_.full.view(moves, (*block)[t]);
      mean = mean / static_cast<double>(blocks.size());
      const TensorSlot& slot = context_.full.slot(top[t]);
      at::Tensor part = context_.full.view(weights, top[t]).clone();
      // The size's share of each element's mean.
      at::Tensor shares = at::zeros({context_.full.size()}, at::kDouble);
      for (std::int64_t i = slot.offset; i < slot.offset + slot.count; ++i)
        if (all.covers(i)) shares.data_ptr<double>()[i] = 1 / all.weight(i);
      part.mul_(context_.full.view(shares, top[t]));
      context_.full.view(model, top[t]).add_(part * (mean - context_.full.view(own, top[t])) * beta);
    }
  }
};

}  // namespace

std::unique_ptr<ModelState> make_prefix_mean_merge(const MergeContext& context) {
  return std::make_unique<PrefixMean>(context);
}

}  // namespace msfusion
