#include "sim/learn/objective.hpp"

namespace msfusion {

namespace {

class CrossEntropy : public Objective {
 public:
  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits, batch.target);
  }
};

// Logits of classes that the device has no sample of count as 0 (HeteroFL), so that they are neither learned nor
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

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& target) {
  return at::cross_entropy_loss(logits.dim() == 2 ? logits : logits.flatten(0, -2), target);
}

std::unique_ptr<Objective> make_cross_entropy(const ObjectiveContext&) {
  return std::make_unique<CrossEntropy>();
}

std::unique_ptr<Objective> make_masked_cross_entropy(const ObjectiveContext& context) {
  return std::make_unique<MaskedCrossEntropy>(context.job.classes, context.start.device());
}

}  // namespace msfusion
