#include <algorithm>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/own_models.hpp"

namespace msfusion {

namespace {

// D-PSGD, DFedAvg: x_i = sum_j W_ij x_j with Metropolis weights W_ij = 1 / (1 + max(d_i, d_j)) over the arrivals; W_ii
// is the rest.
class Gossip : public OwnModels {
 public:
  using OwnModels::OwnModels;

  void merge(const Arrivals& arrivals) override {
    keep_results(arrivals);
    std::vector<std::vector<std::size_t>> received(own_.size());
    for (const Delivery& delivery : arrivals.deliveries) {
      const auto from = std::find_if(arrivals.tasks.begin(), arrivals.tasks.end(),
                                     [&](const Trained* trained) { return trained->task == delivery.task; });
      if ((*from)->device != delivery.to && delivery.to < context_.devices())
        received[static_cast<std::size_t>(delivery.to)].push_back(static_cast<std::size_t>((*from)->device));
    }
    std::vector<at::Tensor> mixed = own_;
    for (std::size_t i = 0; i < own_.size(); ++i) {
      if (received[i].empty()) continue;
      double rest = 1;
      std::vector<Weighted> models;
      for (const std::size_t j : received[i]) {
        const double weight = 1.0 / (1.0 + static_cast<double>(std::max(received[i].size(), received[j].size())));
        models.push_back({own_[j], weight});
        rest -= weight;
      }
      models.push_back({own_[i], rest});
      mixed[i] = weighted_mean(models).to(at::kFloat);
    }
    own_ = std::move(mixed);
  }
};

}  // namespace

std::unique_ptr<ModelState> make_gossip_merge(const MergeContext& context) {
  return std::make_unique<Gossip>(context);
}

}  // namespace msfusion
