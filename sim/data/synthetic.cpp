#include "sim/data/synthetic.hpp"

#include <algorithm>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <numeric>
#include <string>

#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"

namespace msfusion {

namespace {
using Normal = boost::random::normal_distribution<double>;

/// [class, channel, row, column]
std::vector<double> prototypes(const SyntheticChoice& choice, Random& random) {
  const int patch = std::max(1, choice.side / 4);
  const int patches = (choice.side + patch - 1) / patch;
  Normal normal;
  std::vector<double> values;
  std::vector<double> coarse(static_cast<std::size_t>(patches) * patches);
  for (int plane = 0; plane < choice.classes * choice.channels; ++plane) {
    for (auto& value : coarse) value = normal(random);
    for (int row = 0; row < choice.side; ++row) {
      for (int column = 0; column < choice.side; ++column) {
        values.push_back(coarse[static_cast<std::size_t>(row / patch * patches + column / patch)]);
      }
    }
  }
  return values;
}

ImageSet draw(const SyntheticChoice& choice, std::int64_t samples, const std::vector<double>& prototypes,
              Random& random) {
  ImageSet set;
  set.channels = choice.channels;
  set.height = set.width = choice.side;
  set.labels.reserve(static_cast<std::size_t>(samples));
  for (std::int64_t i = 0; i < samples; ++i) set.labels.push_back(static_cast<std::int32_t>(i % choice.classes));
  if (!choice.pixels) return set;
  const auto image = static_cast<std::size_t>(set.image_bytes());
  set.pixels.reserve(image * static_cast<std::size_t>(samples));
  Normal noise;
  for (const auto label : set.labels) {
    const double* prototype = prototypes.data() + static_cast<std::size_t>(label) * image;
    for (std::size_t p = 0; p < image; ++p) {
      const double value = 128 + 30 * prototype[p] + 60 * noise(random);
      set.pixels.push_back(static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0, 255.0))));
    }
  }
  return set;
}

TokenSet draw_text(const SyntheticText& choice, std::int64_t samples, const std::vector<std::int32_t>& follower,
                   Random& random) {
  boost::random::uniform_int_distribution<std::int32_t> any(0, choice.vocabulary - 1);
  boost::random::uniform_int_distribution<int> quarter(0, 3);
  TokenSet set;
  set.tokens.push_back(any(random));
  for (std::int64_t i = 0; i < samples * choice.window; ++i)
    set.tokens.push_back(quarter(random) == 0 ? any(random) : follower[static_cast<std::size_t>(set.tokens.back())]);
  return set;
}
}  // namespace

Dataset make_synthetic_text(const SyntheticText& choice, std::uint64_t seed) {
  Dataset data;
  data.name = "synthetic";
  data.kind = DataKind::tokens;
  data.classes = choice.vocabulary;
  data.window = choice.window;
  Random table(derive_seed(seed, Purpose::synthetic_data, 0));
  Random train(derive_seed(seed, Purpose::synthetic_data, 1));
  Random test(derive_seed(seed, Purpose::synthetic_data, 2));
  std::vector<std::int32_t> follower(static_cast<std::size_t>(choice.vocabulary));
  std::iota(follower.begin(), follower.end(), 0);
  shuffle(follower, table);
  for (std::int32_t token = 0; token < choice.vocabulary; ++token) data.vocabulary.push_back(std::to_string(token));
  data.train_tokens = draw_text(choice, choice.train_samples, follower, train);
  data.test_tokens = draw_text(choice, choice.test_samples, follower, test);
  return data;
}

Dataset make_synthetic(const SyntheticChoice& choice, std::uint64_t seed) {
  Dataset data;
  data.name = "synthetic";
  data.classes = choice.classes;
  // Streams of their own: asking for more training samples does not change the test samples.
  Random shapes(derive_seed(seed, Purpose::synthetic_data, 0));
  Random train(derive_seed(seed, Purpose::synthetic_data, 1));
  Random test(derive_seed(seed, Purpose::synthetic_data, 2));
  const auto means = choice.pixels ? prototypes(choice, shapes) : std::vector<double>();
  data.train_images = draw(choice, choice.train_samples, means, train);
  data.test_images = draw(choice, choice.test_samples, means, test);
  return data;
}

}  // namespace msfusion
