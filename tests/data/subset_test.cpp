#include "sim/data/subset.hpp"

#include <map>

#include "sim/data/synthetic.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
/// `sizes[k]` images of 1 x 2 pixels of class k; the pixels of image i are i and i + 100.
Dataset images(const std::vector<int>& sizes) {
  Dataset data;
  data.classes = static_cast<int>(sizes.size());
  ImageSet& set = data.train_images;
  set.channels = 1;
  set.height = 1;
  set.width = 2;
  for (std::size_t k = 0; k < sizes.size(); ++k) {
    for (int i = 0; i < sizes[k]; ++i) {
      set.pixels.push_back(static_cast<std::uint8_t>(set.labels.size()));
      set.pixels.push_back(static_cast<std::uint8_t>(set.labels.size() + 100));
      set.labels.push_back(static_cast<std::int32_t>(k));
    }
  }
  return data;
}

std::map<int, int> class_counts(const ImageSet& set) {
  std::map<int, int> counts;
  for (const auto label : set.labels) ++counts[label];
  return counts;
}
}  // namespace

TEST_CASE("a training subset keeps the classes' shares, by largest remainders") {
  Dataset data = images({50, 30, 15, 5});
  keep_train_samples(data, 10, 1);
  // 5, 3, 1.5, 0.5: the remaining one goes to the lower of the two classes with equal remainders.
  CHECK(class_counts(data.train_images) == std::map<int, int>{{0, 5}, {1, 3}, {2, 2}});
}

TEST_CASE("a training subset's pixels and labels stay together, in the order of the data") {
  Dataset data = images({20, 20});
  keep_train_samples(data, 15, 3);
  const ImageSet& set = data.train_images;
  REQUIRE(set.pixels.size() == 30);
  for (std::size_t i = 0; i < 15; ++i) {
    CHECK(set.pixels[2 * i + 1] == set.pixels[2 * i] + 100);
    CHECK(set.labels[i] == (set.pixels[2 * i] < 20 ? 0 : 1));
    if (i > 0) CHECK(set.pixels[2 * i] > set.pixels[2 * i - 2]);
  }
}

TEST_CASE("a subset depends on the seed and on nothing else") {
  Dataset a = images({60, 60}), b = images({60, 60}), c = images({60, 60});
  keep_train_samples(a, 20, 7);
  keep_train_samples(b, 20, 7);
  keep_train_samples(c, 20, 8);
  CHECK(a.train_images.pixels == b.train_images.pixels);
  CHECK(a.train_images.pixels != c.train_images.pixels);
}

TEST_CASE("a subset of text is its first windows") {
  Dataset data;
  data.kind = DataKind::tokens;
  data.window = 3;
  for (int i = 0; i < 20; ++i) data.train_tokens.tokens.push_back(i);
  CHECK(data.train_samples() == 6);
  keep_train_samples(data, 2, 1);
  CHECK(data.train_samples() == 2);
  CHECK(data.train_tokens.tokens == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6});
}

TEST_CASE("channel statistics equal the hand calculation") {
  Dataset data;
  data.classes = 1;
  data.train_images.channels = 2;
  data.train_images.height = data.train_images.width = 1;
  data.train_images.labels = {0, 0};
  data.train_images.pixels = {0, 51, 255, 51};  // channel 0: 0 and 255; channel 1: 51 twice
  measure_channels(data);
  CHECK(data.channel_mean == std::vector<float>{0.5f, 0.2f});
  CHECK(data.channel_std == std::vector<float>{0.5f, 0.0f});
}

TEST_CASE("synthetic images depend on the seed; the test images not on how many training images there are") {
  SyntheticChoice choice;
  choice.train_samples = 40;
  choice.test_samples = 12;
  const Dataset a = make_synthetic(choice, 5), b = make_synthetic(choice, 5), c = make_synthetic(choice, 6);
  CHECK(a.train_images.pixels == b.train_images.pixels);
  CHECK(a.train_images.pixels != c.train_images.pixels);
  CHECK(class_counts(a.train_images) == std::map<int, int>{{0, 10}, {1, 10}, {2, 10}, {3, 10}});
  choice.train_samples = 80;
  CHECK(make_synthetic(choice, 5).test_images.pixels == a.test_images.pixels);
}

TEST_CASE("synthetic classes can be told apart: the nearest class mean is nearly always right") {
  SyntheticChoice choice;
  const Dataset data = make_synthetic(choice, 1);
  const auto area = static_cast<std::size_t>(data.train_images.image_bytes());
  std::vector<std::vector<double>> means(4, std::vector<double>(area, 0));
  for (std::size_t i = 0; i < data.train_images.labels.size(); ++i) {
    for (std::size_t p = 0; p < area; ++p) {
      means[static_cast<std::size_t>(data.train_images.labels[i])][p] += data.train_images.pixels[i * area + p] / 500.0;
    }
  }
  int right = 0;
  for (std::size_t i = 0; i < data.test_images.labels.size(); ++i) {
    std::vector<double> distances(4, 0);
    for (std::size_t k = 0; k < 4; ++k) {
      for (std::size_t p = 0; p < area; ++p) {
        const double difference = data.test_images.pixels[i * area + p] - means[k][p];
        distances[k] += difference * difference;
      }
    }
    const auto best = std::min_element(distances.begin(), distances.end()) - distances.begin();
    right += best == data.test_images.labels[i];
  }
  CHECK(right > 450);  // of 500
}
