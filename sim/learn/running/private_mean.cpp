#include "sim/learn/running/private_mean.hpp"

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <cmath>

#include "sim/base/seed.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "sim/privacy/mechanism.hpp"

namespace msfusion {

namespace {

// In one order and in double: the same on every machine.
double length_between(const at::Tensor& from, const at::Tensor& to) {
  const float *a = from.data_ptr<float>(), *b = to.data_ptr<float>();
  double sum = 0;
  for (std::int64_t i = 0; i < from.numel(); ++i) {
    const double step = static_cast<double>(b[i]) - static_cast<double>(a[i]);
    sum += step * step;
  }
  return std::sqrt(sum);
}

at::Tensor scaled(const at::Tensor& from, const at::Tensor& to, double factor) {
  at::Tensor result = at::empty_like(to);
  const float *a = from.data_ptr<float>(), *b = to.data_ptr<float>();
  float* out = result.data_ptr<float>();
  for (std::int64_t i = 0; i < from.numel(); ++i) {
    const double start = static_cast<double>(a[i]);
    out[i] = static_cast<float>(start + factor * (static_cast<double>(b[i]) - start));
  }
  return result;
}

}  // namespace

PrivateMean::PrivateMean(const RunContext& run) : run_(run), clip_(run.setup.method.privacy.clip.value_or(0)) {}

bool PrivateMean::shorten(Trained& trained) const {
  const at::Tensor values = trained.values;
  const double length = length_between(trained.start, values);
  if (length <= clip_) return false;
  // Rounding to floats may leave it a little too long: then a little shorter still.
  constexpr double kShorter = 1 - 1e-7;
  double factor = clip_ / length;
  do {
    trained.values = scaled(trained.start, values, factor);
    factor *= kShorter;
  } while (length_between(trained.start, trained.values) > clip_);
  return true;
}

std::vector<double> PrivateMean::divisors(const RoundPlan& plan) const {
  const auto tasks = static_cast<double>(plan.tasks.size());
  std::vector<double> result(static_cast<std::size_t>(run_.full.size()), 0.0);
  for (const TrainTask& task : plan.tasks)
    SliceMap(run_.setup.shape, run_.full, task.slice).for_each_run([&](int tensor, const Run& run) {
      if (!run_.setup.shape.tensors[static_cast<std::size_t>(tensor)].is_trained) return;
      for (std::int64_t i = 0; i < run.length; ++i) ++result[static_cast<std::size_t>(run.full + i)];
    });
  // With as many tasks as the round asks, the holders themselves.
  if (tasks != plan.private_cohort)
    for (double& holders : result) holders *= plan.private_cohort / tasks;
  return result;
}

void PrivateMean::add_noise(std::vector<double>& sum, const std::vector<double>& divisors, double deviation,
                            Random& random) const {
  boost::random::normal_distribution<double> normal(0, deviation);
  for (std::size_t i = 0; i < sum.size(); ++i)
    if (divisors[i] > 0) sum[i] += normal(random);
}

// Counts of +-1/2, so that devices that did not arrive leave the share in the middle.
void PrivateMean::move_clip(const RoundPlan& plan, const std::vector<const Trained*>& arrivals, double on_share,
                            Random& random) {
  const PrivacyOptions& options = run_.setup.method.privacy;
  if (!options.clip_quantile) return;
  double count = 0;
  for (const Trained* trained : arrivals) count += trained->was_shortened ? -0.5 : 0.5;
  double below = count / plan.private_cohort + 0.5;
  if (on_share > 0) below += boost::random::normal_distribution<double>(0, on_share)(random);
  clip_ = moved_clip(options, clip_, below);
}

Trained PrivateMean::mean(const RoundPlan& plan, const std::vector<const Trained*>& arrivals,
                          const at::Tensor& current) {
  const Mechanism mechanism = mechanism_of(run_.setup.method.privacy, plan.private_cohort);
  const std::vector<double> divisor = divisors(plan);
  const float* w = current.data_ptr<float>();
  // Sums of the models that devices would have from w: without a clip, noise and losses, their mean to the last bit.
  std::vector<double> sum(divisor.size(), 0.0), arrived(divisor.size(), 0.0);
  for (const Trained* trained : arrivals) {
    const float *start = trained->start.data_ptr<float>(), *values = trained->values.data_ptr<float>();
    SliceMap(run_.setup.shape, run_.full, trained->slice).for_each_run([&](int, const Run& run) {
      for (std::int64_t i = 0; i < run.length; ++i) {
        const float from = start[run.part + i], at = w[run.full + i];
        const auto value = static_cast<double>(values[run.part + i]);
        const auto place = static_cast<std::size_t>(run.full + i);
        // A lossy message to the device lets it start elsewhere.
        sum[place] += from == at ? value : value - static_cast<double>(from) + static_cast<double>(at);
        ++arrived[place];
      }
    });
  }
  Random random(derive_seed(run_.setup.seed, Purpose::privacy, 0, static_cast<std::uint64_t>(plan.round)));
  if (mechanism.on_sum > 0) add_noise(sum, divisor, mechanism.on_sum * clip_, random);

  figures_.clip = clip_;
  const auto shortened =
      std::count_if(arrivals.begin(), arrivals.end(), [](const Trained* t) { return t->was_shortened; });
  figures_.shortened = static_cast<double>(shortened) / static_cast<double>(arrivals.size());
  move_clip(plan, arrivals, mechanism.on_share, random);

  Trained result;
  result.round = plan.round;
  result.slice = full_slice(run_.setup.shape);
  result.start = current;
  result.samples = 1;
  result.classes.assign(static_cast<std::size_t>(run_.setup.shape.classes), true);
  result.values = current.clone();
  float* out = result.values.data_ptr<float>();
  for (std::size_t i = 0; i < sum.size(); ++i)
    if (divisor[i] > 0)
      out[i] = static_cast<float>((sum[i] + (divisor[i] - arrived[i]) * static_cast<double>(w[i])) / divisor[i]);
  return result;
}

}  // namespace msfusion
