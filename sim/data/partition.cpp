#include "sim/data/partition.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/gamma_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <map>
#include <numeric>

#include "sim/base/error.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"

namespace msfusion {

namespace {
using Samples = std::vector<std::int32_t>;

[[noreturn]] void fail(const DataOptions& spec, std::string found, std::string allowed) {
  throw UserError({"", spec.line, std::move(found), std::move(allowed)});
}

Samples all_samples(const Dataset& data) {
  Samples samples(static_cast<std::size_t>(data.train_samples()));
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

std::vector<Samples> samples_by_class(const Dataset& data, const DataOptions& spec, const char* rule) {
  if (data.kind == DataKind::tokens) {
    fail(spec, fmt::format("partition=\"{}\" of text, which has no classes", rule), "iid, natural");
  }
  std::vector<Samples> by_class(static_cast<std::size_t>(data.classes));
  const auto& labels = data.train_images.labels;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    by_class[static_cast<std::size_t>(labels[i])].push_back(static_cast<std::int32_t>(i));
  }
  return by_class;
}

/// [from, to) of `samples`, appended.
void append(Samples& part, const Samples& samples, std::size_t from, std::size_t to) {
  part.insert(part.end(), samples.begin() + static_cast<std::ptrdiff_t>(from),
              samples.begin() + static_cast<std::ptrdiff_t>(to));
}

/// Consecutive blocks whose sizes follow the weights, at least one sample each. Equal weights: sizes that differ by at
/// most one.
Partition cut(const Samples& samples, const std::vector<double>& weights) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  const auto spare = static_cast<double>(samples.size() - weights.size());
  Partition parts;
  double sum = 0;
  std::size_t from = 0;
  for (std::size_t n = 0; n < weights.size(); ++n) {
    sum += weights[n];
    const bool last = n + 1 == weights.size();
    const std::size_t to = last ? samples.size() : n + 1 + static_cast<std::size_t>(std::floor(spare * (sum / total)));
    parts.samples.emplace_back();
    append(parts.samples.back(), samples, from, to);
    from = to;
  }
  return parts;
}

Partition deal_iid(const Dataset& data, const DataOptions& spec, std::size_t devices, std::uint64_t seed) {
  Random random(derive_seed(seed, Purpose::partition));
  std::vector<double> weights(devices, 1.0);
  if (spec.size_skew > 0) {
    boost::random::normal_distribution<double> normal;
    for (auto& weight : weights) weight = std::exp(spec.size_skew * normal(random));
  }
  Samples samples = all_samples(data);
  shuffle(samples, random);
  return cut(samples, weights);
}

/// One attempt; sizes of parts may come out too small.
Partition try_dirichlet(std::vector<Samples>& by_class, double alpha, std::size_t devices, std::size_t total,
                        Random& random) {
  boost::random::gamma_distribution<double> gamma(alpha);
  Partition parts;
  parts.samples.resize(devices);
  std::vector<double> shares(devices);
  const double fair = static_cast<double>(total) / static_cast<double>(devices);
  for (auto& members : by_class) {
    shuffle(members, random);
    double sum = 0;
    for (std::size_t n = 0; n < devices; ++n) {
      // Drawn for every device, so that what one device gets does not shift the numbers of the others.
      const double draw = gamma(random);
      shares[n] = static_cast<double>(parts.samples[n].size()) < fair ? draw : 0;
      sum += shares[n];
    }
    if (!(sum > 0)) return {};  // a tiny alpha can underflow everywhere: draw anew
    double cumulative = 0;
    std::size_t from = 0;
    for (std::size_t n = 0; n < devices; ++n) {
      cumulative += shares[n];
      const bool last = n + 1 == devices;
      const auto to = last ? members.size()
                           : std::min(members.size(),
                                      static_cast<std::size_t>(cumulative / sum * static_cast<double>(members.size())));
      append(parts.samples[n], members, from, to);
      from = to;
    }
  }
  return parts;
}

Partition deal_dirichlet(const Dataset& data, const DataOptions& spec, std::size_t devices, std::uint64_t seed) {
  if (!(spec.alpha > 0)) fail(spec, fmt::format("alpha={}", spec.alpha), "a number above 0");
  const auto by_class = samples_by_class(data, spec, "dirichlet");
  const auto total = static_cast<std::size_t>(data.train_samples());
  const std::size_t least = std::max<std::size_t>(1, std::min<std::size_t>(10, total / (2 * devices)));
  // An attempt's cost grows with the data: the bound keeps a hopeless alpha's message within seconds.
  constexpr int kAttempts = 1000;
  Random random(derive_seed(seed, Purpose::partition));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto members = by_class;
    Partition parts = try_dirichlet(members, spec.alpha, devices, total, random);
    const bool enough = !parts.samples.empty() && std::all_of(parts.samples.begin(), parts.samples.end(),
                                                              [&](const Samples& p) { return p.size() >= least; });
    if (enough) return parts;
  }
  fail(spec,
       fmt::format("partition=\"dirichlet\" alpha={} leaves one of {} devices with fewer than {} of {} samples in {} "
                   "attempts",
                   spec.alpha, devices, least, total, kAttempts),
       "a larger alpha, fewer devices or more samples");
}

/// Which `per_device` different classes each device gets. Every class is wanted by as many devices as any other, give
/// or take one.
std::vector<std::vector<std::size_t>> choose_classes(std::size_t classes, std::size_t per_device, std::size_t devices,
                                                     Random& random) {
  std::vector<std::size_t> order(classes);
  std::iota(order.begin(), order.end(), std::size_t{0});
  shuffle(order, random);
  std::vector<std::size_t> left(classes, devices * per_device / classes);
  for (std::size_t i = 0; i < devices * per_device % classes; ++i) ++left[order[i]];
  std::vector<std::vector<std::size_t>> chosen(devices);
  for (auto& mine : chosen) {
    // Those with the most places left first, which always comes out even; chance decides among equals.
    shuffle(order, random);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return left[a] > left[b]; });
    mine.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(per_device));
    for (const auto k : mine) --left[k];
  }
  return chosen;
}

/// As NIID-Bench's "#C = k": device n gets class n mod K and per_device - 1 others, whichever the draw brings.
std::vector<std::vector<std::size_t>> draw_classes(std::size_t classes, std::size_t per_device, std::size_t devices,
                                                   Random& random) {
  std::vector<std::size_t> others(classes);
  std::vector<std::vector<std::size_t>> chosen(devices);
  for (std::size_t n = 0; n < devices; ++n) {
    std::iota(others.begin(), others.end(), std::size_t{0});
    std::swap(others[0], others[n % classes]);
    for (std::size_t i = 1; i < per_device; ++i)
      std::swap(others[i], others[boost::random::uniform_int_distribution<std::size_t>(i, classes - 1)(random)]);
    chosen[n].assign(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(per_device));
  }
  return chosen;
}

/// Every class cut into equal pieces, one for each device that takes it: the devices of label-k differ in size, and
/// their pieces are random ones.
Partition deal_classes(const Dataset& data, const DataOptions& spec, std::size_t devices, std::uint64_t seed) {
  const bool is_label_k = spec.partition == DataOptions::Partition::label_k;
  auto by_class = samples_by_class(data, spec, is_label_k ? "label-k" : "shards");
  if (spec.classes_per_device < 1 || spec.classes_per_device > data.classes) {
    fail(spec, fmt::format("{} classes per device", spec.classes_per_device), fmt::format("1 to {}", data.classes));
  }
  Random random(derive_seed(seed, Purpose::partition));
  const auto per_device = static_cast<std::size_t>(spec.classes_per_device);
  const auto chosen = is_label_k ? draw_classes(by_class.size(), per_device, devices, random)
                                 : choose_classes(by_class.size(), per_device, devices, random);
  for (auto& members : by_class)
    if (is_label_k) shuffle(members, random);
  std::vector<std::size_t> takers(by_class.size(), 0), served(by_class.size(), 0);
  for (const auto& mine : chosen) {
    for (const auto k : mine) ++takers[k];
  }
  Partition parts;
  for (const auto& mine : chosen) {
    Samples part;
    for (const auto k : mine) {
      const std::size_t size = by_class[k].size(), shard = served[k]++;
      append(part, by_class[k], size * shard / takers[k], size * (shard + 1) / takers[k]);
    }
    if (part.empty()) {
      fail(spec, fmt::format("{} classes a device leave a device without samples", per_device),
           "more samples, fewer devices or more classes per device");
    }
    parts.samples.push_back(std::move(part));
  }
  return parts;
}

/// Text of nobody: neighbouring windows stay together. Otherwise: the groups in random order, each to the device with
/// the fewest samples so far.
Partition deal_natural(const Dataset& data, const DataOptions& spec, std::size_t devices, std::uint64_t seed) {
  const bool is_text = data.kind == DataKind::tokens;
  const auto& groups = data.train_images.groups;
  if (is_text && groups.empty()) return cut(all_samples(data), std::vector<double>(devices, 1.0));
  if (groups.empty()) {
    fail(spec, fmt::format("partition=\"natural\" of {}, whose samples have no key", data.name),
         "iid, dirichlet, shards, label-k");
  }
  std::map<std::int32_t, Samples> by_group;
  for (std::size_t i = 0; i < groups.size(); ++i) by_group[groups[i]].push_back(static_cast<std::int32_t>(i));
  if (by_group.size() < devices) {
    fail(spec, fmt::format("{} devices for {} natural groups", devices, by_group.size()),
         fmt::format("at most {} devices", by_group.size()));
  }
  std::vector<const Samples*> order;
  for (const auto& [key, samples] : by_group) order.push_back(&samples);
  Random random(derive_seed(seed, Purpose::partition));
  shuffle(order, random);
  Partition parts;
  parts.samples.resize(devices);
  for (const Samples* samples : order) {
    auto& part = *std::min_element(parts.samples.begin(), parts.samples.end(),
                                   [](const Samples& a, const Samples& b) { return a.size() < b.size(); });
    append(part, *samples, 0, samples->size());
  }
  return parts;
}
}  // namespace

Partition partition(const Dataset& data, const DataOptions& spec, int devices, std::uint64_t seed) {
  if (devices < 1) fail(spec, fmt::format("{} devices", devices), "at least 1");
  if (devices > data.train_samples()) {
    fail(spec, fmt::format("{} devices for {} training samples", devices, data.train_samples()),
         "at least one sample per device");
  }
  const auto count = static_cast<std::size_t>(devices);
  Partition parts;
  switch (spec.partition) {
    case DataOptions::Partition::iid:
      parts = deal_iid(data, spec, count, seed);
      break;
    case DataOptions::Partition::dirichlet:
      parts = deal_dirichlet(data, spec, count, seed);
      break;
    case DataOptions::Partition::shards:
    case DataOptions::Partition::label_k:
      parts = deal_classes(data, spec, count, seed);
      break;
    case DataOptions::Partition::natural:
      parts = deal_natural(data, spec, count, seed);
      break;
  }
  for (auto& samples : parts.samples) std::sort(samples.begin(), samples.end());
  return parts;
}

}  // namespace msfusion
