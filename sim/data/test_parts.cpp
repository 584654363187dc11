#include "sim/data/test_parts.hpp"

#include <algorithm>
#include <numeric>

#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"

namespace msfusion {

namespace {

using Samples = std::vector<std::int32_t>;

/// Deals the samples by the devices' counts: the first k devices have floor(samples x their counts / all counts).
void deal(const Samples& samples, const std::vector<std::int64_t>& counts, std::vector<Samples>& parts) {
  const std::int64_t total = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
  if (total == 0) return;
  const auto size = static_cast<std::int64_t>(samples.size());
  std::int64_t sum = 0, from = 0;
  for (std::size_t device = 0; device < counts.size(); ++device) {
    sum += counts[device];
    const std::int64_t to = size * sum / total;
    parts[device].insert(parts[device].end(), samples.begin() + from, samples.begin() + to);
    from = to;
  }
}

}  // namespace

std::vector<Samples> test_parts(const Dataset& data, const Partition& parts, bool in_order, std::uint64_t seed) {
  const bool is_text = data.kind == DataKind::tokens;
  const std::size_t devices = parts.samples.size(), classes = is_text ? 1 : static_cast<std::size_t>(data.classes);
  std::vector<Samples> of_class(classes), result(devices);
  for (std::int32_t i = 0; i < data.test_samples(); ++i)
    of_class[is_text ? 0 : static_cast<std::size_t>(data.test_images.labels[static_cast<std::size_t>(i)])].push_back(i);
  std::vector<std::vector<std::int64_t>> held(classes, std::vector<std::int64_t>(devices));
  for (std::size_t device = 0; device < devices; ++device)
    for (const std::int32_t sample : parts.samples[device])
      ++held[is_text ? 0 : static_cast<std::size_t>(data.train_images.labels[static_cast<std::size_t>(sample)])]
            [device];
  for (std::size_t c = 0; c < classes; ++c) {
    if (!is_text || !in_order) {
      Random random(derive_seed(seed, Purpose::test_parts, c));
      shuffle(of_class[c], random);
    }
    deal(of_class[c], held[c], result);
  }
  for (Samples& part : result) std::sort(part.begin(), part.end());
  return result;
}

}  // namespace msfusion
