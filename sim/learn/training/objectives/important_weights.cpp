#include <algorithm>
#include <limits>

#include "sim/learn/training/objective.hpp"
#include "sim/shape/importance.hpp"

namespace msfusion {

namespace {

// FIARSE: of the weights w that compete, those with |w| >= theta count, where theta is the least |w| that the device
// began the round with. Their gradient is g (1 + 2 |w| theta / (|w| + theta)^2), that of all others is 0.
class ImportantWeights : public Objective {
 public:
  explicit ImportantWeights(const ObjectiveContext& context)
      : layout_(context.map.part_layout()), competing_(competing_tensors(context.net.shape())) {
    double least = std::numeric_limits<double>::infinity();
    for (std::size_t t = 0; t < competing_.size(); ++t) {
      if (!competing_[t]) continue;
      const at::Tensor sizes = layout_.view(context.start, static_cast<int>(t)).abs();
      const at::Tensor there = sizes.masked_select(sizes.gt(0));
      if (there.numel() > 0) least = std::min(least, there.min().item<double>());
    }
    if (least < std::numeric_limits<double>::infinity()) threshold_ = least;
  }

  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits, batch.target);
  }

  bool changes_parameters() const override { return true; }
  std::vector<at::Tensor> changed(const std::vector<at::Tensor>& parameters) const override {
    std::vector<at::Tensor> all = parameters;
    for (std::size_t t = 0; t < all.size(); ++t)
      if (competing_[t]) all[t] = all[t] * all[t].detach().abs().ge(threshold_);
    return all;
  }

  bool corrects_gradient() const override { return true; }
  double correct_gradient(at::Tensor& gradient, const at::Tensor& values) override {
    for (std::size_t t = 0; t < competing_.size(); ++t) {
      if (!competing_[t]) continue;
      const at::Tensor sizes = layout_.view(values, static_cast<int>(t)).abs();
      layout_.view(gradient, static_cast<int>(t))
          .mul_(sizes.mul(2 * threshold_).div_((sizes + threshold_).square_()).nan_to_num_(0).add_(1));
    }
    return 0;
  }

 private:
  const ParameterLayout& layout_;
  const std::vector<bool> competing_;
  double threshold_ = 0;
};

}  // namespace

std::unique_ptr<Objective> make_important_weights_objective(const ObjectiveContext& context) {
  return std::make_unique<ImportantWeights>(context);
}

}  // namespace msfusion
