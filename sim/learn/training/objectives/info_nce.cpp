#include "sim/learn/training/objectives/info_nce.hpp"

#include <torch/csrc/autograd/grad_mode.h>

namespace msfusion {

namespace {

// Every token is a row.
at::Tensor rows(const at::Tensor& representation) {
  return representation.dim() == 2 ? representation : representation.flatten(0, -2);
}

class InfoNce : public Objective {
 public:
  explicit InfoNce(const ObjectiveContext& context)
      : choice_(context.choice),
        net_(context.net),
        scaler_(context.scaler),
        positive_(context.map.part_layout().views(context.start)) {
    for (const auto& model : context.job.negatives)
      negatives_.push_back(
          ParameterLayout(context.net.shape(), model.slice).views(model.values.to(context.start.device())));
  }

  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    at::Tensor total = cross_entropy(output.logits, batch.target);
    if (negatives_.empty() || choice_.weight == 0) return total;
    const at::Tensor anchor = rows(output.representation);
    const at::Tensor positive = frozen(positive_, batch);
    std::vector<at::Tensor> negatives;
    for (const auto& model : negatives_) {
      at::Tensor z = frozen(model, batch);
      // Representations of sub-models of another width have another length and cannot be compared.
      if (z.size(1) == anchor.size(1)) negatives.push_back(std::move(z));
    }
    if (negatives.empty()) return total;
    return total + choice_.weight * info_nce(anchor, positive, negatives, choice_.temperature);
  }

 private:
  at::Tensor frozen(const std::vector<at::Tensor>& parameters, const Batch& batch) const {
    const torch::autograd::AutoGradMode no_gradient(false);
    Pass pass;
    pass.scaler = scaler_;
    return rows(net_.forward(batch.input, parameters, pass).representation);
  }

  const ObjectiveChoice& choice_;
  const Net& net_;
  double scaler_;
  std::vector<at::Tensor> positive_;
  std::vector<std::vector<at::Tensor>> negatives_;
};

}  // namespace

at::Tensor info_nce(const at::Tensor& anchor, const at::Tensor& positive, const std::vector<at::Tensor>& negatives,
                    double temperature) {
  std::vector<at::Tensor> similarities = {at::cosine_similarity(anchor, positive, 1)};
  for (const auto& negative : negatives) similarities.push_back(at::cosine_similarity(anchor, negative, 1));
  const at::Tensor logits = at::stack(similarities, 1) / temperature;
  return at::cross_entropy_loss(logits, at::zeros({anchor.size(0)}, anchor.options().dtype(at::kLong)));
}

std::unique_ptr<Objective> make_info_nce(const ObjectiveContext& context) {
  return std::make_unique<InfoNce>(context);
}

}  // namespace msfusion
