#include "sim/learn/running/local_losses.hpp"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <limits>

#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/learn/training/objective.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kBatch = 200;
constexpr std::uint64_t kLossDraw = std::uint64_t{1} << 43;  // beside the draws of cohorts

double mean_loss(const RunContext& run, const Net& net, const LossJob& job) {
  const c10::InferenceMode inference;
  const auto count = static_cast<std::int64_t>(job.samples.size());
  if (count == 0) return std::numeric_limits<double>::quiet_NaN();
  const SliceMap map(run.setup.shape, run.full, job.slice);
  const std::vector<at::Tensor> parameters = map.part_layout().views(job.values);
  double sum = 0;
  std::int64_t targets = 0;
  for (std::int64_t first = 0; first < count;) {
    std::int64_t size = std::min(kBatch, count - first);
    if (count - first - size == 1) ++size;  // a single sample has no variance
    const Batch batch = run.batches.make(
        Batches::Part::train, job.samples.data() + first, size,
        derive_seed(run.setup.seed, Purpose::augmentation, kLossDraw, static_cast<std::uint64_t>(first)));
    const at::Tensor loss = cross_entropy(net.forward(batch.input, parameters, {}).logits, batch.target);
    sum += loss.item<double>() * static_cast<double>(batch.targets());
    targets += batch.targets();
    first += size;
  }
  return sum / static_cast<double>(targets);
}

}  // namespace

std::vector<double> local_losses(const RunContext& run, Pool& pool, const std::vector<LossJob>& jobs) {
  const Net net(run.setup.shape);
  std::vector<double> losses(jobs.size());
  std::vector<std::future<void>> ends;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const double cost = static_cast<double>(slice_cost(run.setup.shape, jobs[i].slice).forward_macs) *
                        static_cast<double>(jobs[i].samples.size());
    ends.push_back(pool.submit(Urgency::training, cost, [&, i] { losses[i] = mean_loss(run, net, jobs[i]); }));
  }
  for (auto& end : ends) end.wait();
  for (auto& end : ends) end.get();
  return losses;
}

std::vector<std::int32_t> one_batch(const RunContext& run, NodeId device, int round) {
  std::vector<std::int32_t> samples = run.samples_of(device);
  Random random(derive_seed(run.setup.seed, Purpose::cohort, kLossDraw + static_cast<std::uint64_t>(device),
                            static_cast<std::uint64_t>(round)));
  shuffle(samples, random);
  samples.resize(std::min(samples.size(), static_cast<std::size_t>(run.setup.training.batch)));
  return samples;
}

}  // namespace msfusion
