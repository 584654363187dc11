#include <algorithm>
#include <map>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/own_models.hpp"

namespace msfusion {

namespace {

// D-PSGD, DFedAvg: x_i = sum_j W_ij x_j with Metropolis weights W_ij = 1 / (1 + max(d_i, d_j)) over the arrivals; W_ii
// is the rest. With encoded messages x_i += gamma sum_j W_ij (D_j - D_i), where D_j is what j's neighbours decoded: its
// values (gamma = 1), or the public copy that its updates add up to (CHOCO, Koloskova et al. 2019). The mean over
// devices stays what it was.
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
    std::map<std::size_t, at::Tensor> decoded;
    for (const Trained* trained : arrivals.tasks) decoded[static_cast<std::size_t>(trained->device)] = trained->values;
    std::vector<at::Tensor> mixed = own_;
    for (std::size_t i = 0; i < own_.size(); ++i) {
      if (received[i].empty()) continue;
      double rest = 1;
      std::vector<Weighted> models;
      for (const std::size_t j : received[i]) {
        const double weight = 1.0 / (1.0 + static_cast<double>(std::max(received[i].size(), received[j].size())));
        models.push_back({arrivals.own.empty() ? own_[j] : decoded.at(j), weight});
        rest -= weight;
      }
      if (arrivals.own.empty()) {
        models.push_back({own_[i], rest});
        mixed[i] = weighted_mean(models).to(at::kFloat);
      } else if (decoded.count(i) > 0) {
        mixed[i] = moved(own_[i], decoded.at(i), models, consensus_step(context_.method.encoding));
      }
    }
    own_ = std::move(mixed);
  }

 private:
  static at::Tensor moved(const at::Tensor& own, const at::Tensor& decoded, const std::vector<Weighted>& others,
                          double step) {
    const std::int64_t size = own.numel();
    at::Tensor result = at::empty({size});
    const float *x = own.data_ptr<float>(), *d = decoded.data_ptr<float>();
    float* out = result.data_ptr<float>();
    std::vector<double> change(static_cast<std::size_t>(size));
    for (const Weighted& other : others) {
      const float* values = other.values.data_ptr<float>();
      for (std::int64_t i = 0; i < size; ++i)
        change[static_cast<std::size_t>(i)] +=
            other.weight * (static_cast<double>(values[i]) - static_cast<double>(d[i]));
    }
    for (std::int64_t i = 0; i < size; ++i)
      out[i] = static_cast<float>(static_cast<double>(x[i]) + step * change[static_cast<std::size_t>(i)]);
    return result;
  }
};

}  // namespace

std::unique_ptr<ModelState> make_gossip_merge(const MergeContext& context) {
  return std::make_unique<Gossip>(context);
}

}  // namespace msfusion
