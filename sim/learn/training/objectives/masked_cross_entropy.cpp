#include "sim/learn/training/objective.hpp"

namespace msfusion {

namespace {

// HeteroFL: logits of classes that the device has no sample of count as 0, so that they are neither learned nor
// unlearned.
class MaskedCrossEntropy : public Objective {
 public:
  MaskedCrossEntropy(const std::vector<bool>& classes, at::Device device)
      : present_(at::zeros({static_cast<std::int64_t>(classes.size())})) {
    for (std::size_t c = 0; c < classes.size(); ++c)
      if (classes[c]) present_[static_cast<std::int64_t>(c)] = 1;
    present_ = present_.to(device);
  }
  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits * present_, batch.target);
  }

 private:
  at::Tensor present_;
};

}  // namespace

std::unique_ptr<Objective> make_masked_cross_entropy_objective(const ObjectiveContext& context) {
  return std::make_unique<MaskedCrossEntropy>(context.job.classes, context.start.device());
}

}  // namespace msfusion
