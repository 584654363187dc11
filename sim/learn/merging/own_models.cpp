#include "sim/learn/merging/own_models.hpp"

#include "sim/learn/merging/overlap.hpp"

namespace msfusion {

namespace {
at::Tensor plain_mean(const std::vector<at::Tensor>& models) {
  std::vector<Weighted> weighted;
  for (const auto& model : models) weighted.push_back({model, 1});
  return weighted_mean(weighted);
}
}  // namespace

double mean_distance(const std::vector<at::Tensor>& models) {
  const at::Tensor mean = plain_mean(models);
  double total = 0;
  for (const auto& model : models) total += (mean - model).norm().item<double>();
  return total / static_cast<double>(models.size()) / mean.norm().item<double>();
}

at::Tensor OwnModels::global() const {
  return plain_mean(own_).to(at::kFloat);
}

void OwnModels::keep_results(const Arrivals& arrivals) {
  for (const Trained* trained : arrivals.own.empty() ? arrivals.tasks : arrivals.own) {
    at::Tensor& own = own_[static_cast<std::size_t>(trained->device)];
    own = with_trained(context_, own, *trained);
  }
}

std::optional<double> OwnModels::disagreement() const {
  return mean_distance(own_);
}

}  // namespace msfusion
