#include "sim/data/subset.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"

namespace msfusion {

namespace {
void keep_windows(TokenSet& set, std::int64_t count, int window) {
  set.tokens.resize(static_cast<std::size_t>(count * window + 1));
  set.tokens.shrink_to_fit();
}

/// Copies these of the samples, ascending, of `size` elements each.
template <class Element>
void take_elements(const Element* all, std::ptrdiff_t size, const std::vector<std::int32_t>& samples,
                   std::vector<Element>& taken) {
  taken.reserve(static_cast<std::size_t>(size) * samples.size());
  for (const auto from : samples) taken.insert(taken.end(), all + from * size, all + (from + 1) * size);
}

/// Keeps these of the samples alone.
template <class Element>
void keep_elements(std::vector<Element>& all, std::ptrdiff_t size, const std::vector<std::int32_t>& samples) {
  if (all.empty()) return;
  auto to = all.begin();
  for (const auto from : samples) {
    const auto source = all.begin() + from * size;
    if (source != to) std::copy_n(source, size, to);
    to += size;
  }
  all.erase(to, all.end());
  all.shrink_to_fit();
}

/// `samples` ascending.
void keep_images(ImageSet& set, const std::vector<std::int32_t>& samples) {
  const auto image = static_cast<std::ptrdiff_t>(set.image_bytes());
  if (set.held.empty()) {
    keep_elements(set.pixels, image, samples);
    keep_elements(set.values, image, samples);
  } else if (set.has_values) {
    take_elements(set.value_data(), image, samples, set.values);
  } else {
    take_elements(set.pixel_data(), image, samples, set.pixels);
  }
  set.held = SharedBytes();
  std::ptrdiff_t to = 0;
  for (const auto from : samples) {
    const auto source = static_cast<std::size_t>(from), target = static_cast<std::size_t>(to);
    set.labels[target] = set.labels[source];
    if (!set.groups.empty()) set.groups[target] = set.groups[source];
    ++to;
  }
  const std::size_t count = samples.size();
  set.labels.resize(count);
  if (!set.groups.empty()) set.groups.resize(count);
  set.labels.shrink_to_fit();
  set.groups.shrink_to_fit();
}

/// Shares of `count` in proportion to `sizes`, by largest remainders; equal remainders: the lower class first.
std::vector<std::int64_t> proportional_shares(const std::vector<std::int64_t>& sizes, std::int64_t count) {
  const std::int64_t total = std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0});
  std::vector<std::int64_t> shares, remainders;
  for (const auto size : sizes) {
    shares.push_back(size * count / total);
    remainders.push_back(size * count % total);
  }
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return remainders[a] > remainders[b]; });
  std::int64_t rest = count - std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
  for (std::size_t i = 0; rest > 0; ++i, --rest) ++shares[order[i]];
  return shares;
}

/// Of each group its first windows, as many as are its share. `of`: each window's group.
void keep_windows_of_groups(TokenSet& set, std::vector<std::int32_t>& of, std::int64_t count, int window) {
  std::vector<std::int64_t> sizes;
  for (const std::int32_t group : of) {
    sizes.resize(std::max(sizes.size(), static_cast<std::size_t>(group) + 1));
    ++sizes[static_cast<std::size_t>(group)];
  }
  std::vector<std::int64_t> left = proportional_shares(sizes, count);
  std::vector<std::int32_t> tokens, groups;
  for (std::size_t sample = 0; sample < of.size(); ++sample) {
    if (--left[static_cast<std::size_t>(of[sample])] < 0) continue;
    const auto begin = set.tokens.begin() + static_cast<std::ptrdiff_t>(sample) * window;
    tokens.insert(tokens.end(), begin, begin + window);
    groups.push_back(of[sample]);
  }
  tokens.push_back(set.tokens.back());
  set.tokens = std::move(tokens);
  of = std::move(groups);
}
}  // namespace

void keep_train_samples(Dataset& data, std::int64_t count, std::uint64_t seed) {
  assert(count >= 1 && count <= data.train_samples());
  if (count == data.train_samples()) return;
  if (data.kind == DataKind::tokens)
    return data.train_images.groups.empty()
               ? keep_windows(data.train_tokens, count, data.window)
               : keep_windows_of_groups(data.train_tokens, data.train_images.groups, count, data.window);
  std::vector<std::vector<std::int32_t>> by_class(static_cast<std::size_t>(data.classes));
  const auto& labels = data.train_images.labels;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    by_class[static_cast<std::size_t>(labels[i])].push_back(static_cast<std::int32_t>(i));
  }
  std::vector<std::int64_t> sizes;
  for (const auto& members : by_class) sizes.push_back(static_cast<std::int64_t>(members.size()));
  const auto shares = proportional_shares(sizes, count);
  std::vector<std::int32_t> kept;
  for (std::size_t k = 0; k < by_class.size(); ++k) {
    Random random(derive_seed(seed, Purpose::subsample, k));
    shuffle(by_class[k], random);
    kept.insert(kept.end(), by_class[k].begin(), by_class[k].begin() + shares[k]);
  }
  std::sort(kept.begin(), kept.end());
  keep_images(data.train_images, kept);
}

void keep_test_samples(Dataset& data, std::int64_t count) {
  assert(count >= 1 && count <= data.test_samples());
  if (count == data.test_samples()) return;
  if (data.kind == DataKind::tokens) return keep_windows(data.test_tokens, count, data.window);
  std::vector<std::int32_t> kept(static_cast<std::size_t>(count));
  std::iota(kept.begin(), kept.end(), 0);
  keep_images(data.test_images, kept);
}

namespace {
// Of numbers: two passes, because their mean may be far larger than their spread.
void measure_values(Dataset& data) {
  const ImageSet& set = data.train_images;
  const auto area = static_cast<std::size_t>(set.height) * static_cast<std::size_t>(set.width);
  const auto channels = static_cast<std::size_t>(set.channels);
  const double count = static_cast<double>(set.size()) * static_cast<double>(area);
  std::vector<double> means(channels), squares(channels);
  const auto each = [&](auto&& visit) {
    const float* value = set.value_data();
    for (std::int64_t i = 0; i < set.size(); ++i)
      for (std::size_t c = 0; c < channels; ++c)
        for (std::size_t p = 0; p < area; ++p) visit(c, static_cast<double>(*value++));
  };
  each([&](std::size_t c, double value) { means[c] += value / count; });
  each([&](std::size_t c, double value) { squares[c] += (value - means[c]) * (value - means[c]) / count; });
  for (std::size_t c = 0; c < channels; ++c) {
    data.channel_mean.push_back(static_cast<float>(means[c]));
    data.channel_std.push_back(static_cast<float>(std::sqrt(squares[c])));
  }
}
}  // namespace

void measure_channels(Dataset& data) {
  const ImageSet& set = data.train_images;
  data.channel_mean.clear();
  data.channel_std.clear();
  if (!set.is_loaded()) return;
  if (set.has_values) return measure_values(data);
  const auto area = static_cast<std::size_t>(set.height) * static_cast<std::size_t>(set.width);
  const auto channels = static_cast<std::size_t>(set.channels);
  std::vector<std::uint64_t> sums(channels), squares(channels);
  const std::uint8_t* pixel = set.pixel_data();
  for (std::int64_t i = 0; i < set.size(); ++i) {
    for (std::size_t c = 0; c < channels; ++c) {
      std::uint64_t sum = 0, square = 0;
      for (std::size_t p = 0; p < area; ++p, ++pixel) {
        const std::uint32_t value = *pixel;
        sum += value;
        square += value * value;
      }
      sums[c] += sum;
      squares[c] += square;
    }
  }
  const double count = static_cast<double>(set.size()) * static_cast<double>(area);
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(sums[c]) / count;
    const double variance = std::max(0.0, static_cast<double>(squares[c]) / count - mean * mean);
    data.channel_mean.push_back(static_cast<float>(mean / 255));
    data.channel_std.push_back(static_cast<float>(std::sqrt(variance) / 255));
  }
}

}  // namespace msfusion
