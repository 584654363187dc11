#include <cmath>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// An arrival that was trained from a model s merges old has weight (1 + s)^-exponent.
// FedAsync (one arrival a merge): w = (1 - a) w + a w_i with a = mixing (1 + s)^-exponent.
// FedBuff (several): w += eta / K sum_i (1 + s_i)^-exponent (w_i - what device i started from).
class Staleness : public ServerState {
 public:
  using ServerState::ServerState;

  void merge(const Arrivals& arrivals) override {
    ServerState::merge(arrivals);
    if (!arrivals.tasks.empty()) ++version_;
  }
  void equip(TrainingJob& job) const override { job.version = version_; }

  void save(StateWriter& out) const override {
    ServerState::save(out);
    out.number(version_);
  }
  void restore(StateReader& in) override {
    ServerState::restore(in);
    version_ = static_cast<int>(in.number());
  }

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    const MergeChoice& choice = context_.method.merge;
    const bool buffered = context_.method.exchange.buffer > 1;
    const double share =
        buffered ? choice.server_learning_rate / static_cast<double>(arrivals.tasks.size()) : choice.mixing;
    at::Tensor model = global_.to(at::kDouble);
    double* w = model.data_ptr<double>();
    for (const Trained* trained : arrivals.tasks) {
      const double weight = share * std::pow(1.0 + version_ - trained->version, -choice.staleness_exponent);
      const float* values = trained->values.data_ptr<float>();
      const float* start = trained->start.data_ptr<float>();
      SliceMap(context_.shape, context_.full, trained->slice).for_each_run([&](int, const Run& run) {
        for (std::int64_t i = 0; i < run.length; ++i) {
          const double from = buffered ? static_cast<double>(start[run.part + i]) : w[run.full + i];
          w[run.full + i] += weight * (static_cast<double>(values[run.part + i]) - from);
        }
      });
    }
    return model;
  }

 private:
  int version_ = 0;
};

}  // namespace

std::unique_ptr<ModelState> make_staleness_merge(const MergeContext& context) {
  return std::make_unique<Staleness>(context);
}

}  // namespace msfusion
