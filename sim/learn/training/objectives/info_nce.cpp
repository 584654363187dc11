#include "sim/learn/training/objectives/info_nce.hpp"

#include <torch/csrc/autograd/grad_mode.h>

#include <unordered_map>

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
    for (const auto& model : context.job.negatives) {
      Negative negative;
      negative.parameters =
          ParameterLayout(context.net.shape(), model.slice).views(model.values.to(context.start.device()));
      if (choice_.compare == ObjectiveChoice::Compare::unit) {
        pair_units(context, model.slice, negative);
        if (negative.own_units.numel() == 0) continue;
      }
      negatives_.push_back(std::move(negative));
    }
  }

  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    at::Tensor total = cross_entropy(output.logits, batch.target);
    if (negatives_.empty() || choice_.weight == 0) return total;
    const at::Tensor anchor = rows(output.representation);
    const at::Tensor positive = frozen(positive_, batch);
    std::vector<at::Tensor> similarities{at::cosine_similarity(anchor, positive, 1)};
    for (const auto& negative : negatives_) {
      const at::Tensor z = frozen(negative.parameters, batch);
      if (negative.own_units.defined())
        similarities.push_back(at::cosine_similarity(anchor.index_select(1, negative.own_units),
                                                     z.index_select(1, negative.its_units), 1));
      else if (z.size(1) == anchor.size(1))  // position by position, representations must be of one length
        similarities.push_back(at::cosine_similarity(anchor, z, 1));
    }
    if (similarities.size() == 1) return total;
    return total + choice_.weight * info_nce(similarities, choice_.temperature);
  }

 private:
  struct Negative {
    std::vector<at::Tensor> parameters;
    at::Tensor own_units, its_units;  // compared unit by unit: positions of the common units in either representation
  };

  static void pair_units(const ObjectiveContext& context, const WidthSlice& other, Negative& negative) {
    const Shape& shape = context.net.shape();
    const Dim& features = shape.layers[static_cast<std::size_t>(shape.representation_layer())].out.features;
    std::unordered_map<std::int64_t, std::int64_t> places;
    std::int64_t place = 0;
    for (const std::int64_t unit : sliced_indices(features, other)) places[unit] = place++;
    std::vector<std::int64_t> own, its;
    place = 0;
    for (const std::int64_t unit : sliced_indices(features, context.job.task.slice)) {
      if (const auto found = places.find(unit); found != places.end()) {
        own.push_back(place);
        its.push_back(found->second);
      }
      ++place;
    }
    negative.own_units = at::tensor(own, at::kLong).to(context.start.device());
    negative.its_units = at::tensor(its, at::kLong).to(context.start.device());
  }

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
  std::vector<Negative> negatives_;
};

}  // namespace

at::Tensor info_nce(const std::vector<at::Tensor>& similarities, double temperature) {
  const at::Tensor logits = at::stack(similarities, 1) / temperature;
  return at::cross_entropy_loss(logits, at::zeros({logits.size(0)}, logits.options().dtype(at::kLong)));
}

std::unique_ptr<Objective> make_info_nce(const ObjectiveContext& context) {
  return std::make_unique<InfoNce>(context);
}

}  // namespace msfusion
