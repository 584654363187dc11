#include "sim/learn/training/batches.hpp"

#include <set>

#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

TEST_CASE("images are normalised per channel in either memory order") {
  const Dataset data = images(3, 5, 3, 12, 4);
  CnnOptions cnn;
  cnn.channels = {4};
  const ModelOptions model = GENERATE_COPY(ModelOptions(MlpOptions{{4}}), ModelOptions(cnn));
  const Shape shape = shape_for(model, data);
  const std::int32_t samples[] = {7, 2};
  const Batch batch = Batches(data, shape).make(Batches::Part::train, samples, 2, 0);
  REQUIRE(batch.input.sizes() == at::IntArrayRef({2, 3, 5, 5}));
  REQUIRE(batch.input.is_contiguous(at::MemoryFormat::ChannelsLast) == std::holds_alternative<CnnOptions>(model));
  for (int i = 0; i < 2; ++i) {
    REQUIRE(batch.target[i].item<int>() == data.train_images.labels[static_cast<std::size_t>(samples[i])]);
    for (int p = 0; p < 75; ++p) {
      const double byte = data.train_images.pixels[static_cast<std::size_t>(samples[i] * 75 + p)];
      REQUIRE(batch.input[i][p / 25][p / 5 % 5][p % 5].item<double>() ==
              Approx((byte / 255 - 0.5) / 0.25).margin(1e-5));
    }
  }
}

TEST_CASE("augmented images are shifted by up to four pixels with black borders, and some are mirrored") {
  Dataset data = images(2, 8, 1, 4, 2);
  auto& pixels = data.train_images.pixels;
  std::fill(pixels.begin(), pixels.end(), std::uint8_t{0});
  pixels[3 * 8 + 2] = 255;
  const Shape shape = shape_for(MlpOptions{{4}}, data);
  const Batches batches(data, shape);
  std::mt19937_64 random(1);
  const std::int32_t samples[] = {0};
  std::set<std::pair<int, int>> places;
  for (int trial = 0; trial < 2000; ++trial) {
    const at::Tensor image = batches.make_augmented(samples, 1, random).input[0][0];
    const at::Tensor bright = image.gt(0).nonzero();
    REQUIRE(bright.size(0) <= 1);
    if (bright.size(0) == 0) continue;
    places.insert({bright[0][0].item<int>(), bright[0][1].item<int>()});
  }
  // Rows 3 - 4 .. 3 + 4; columns 2 - 4 .. 2 + 4 and, mirrored, 5 - 4 .. 5 + 4, clipped to the image.
  REQUIRE(places.size() == 8 * 8);
}

TEST_CASE("a causal model predicts the next token, a masked model the hidden tokens") {
  const Dataset data = text(9, 6, 20, 5);
  TransformerOptions spec;
  spec.embedding = 8, spec.heads = 2, spec.ffn = 8, spec.layers = 1, spec.window = 6;
  const std::int32_t samples[] = {0, 4};
  const auto token = [&](int sample, int t) {
    return data.train_tokens.tokens[static_cast<std::size_t>(samples[sample] * 6 + t)];
  };
  SECTION("causal") {
    const Shape shape = shape_for(spec, data);
    const Batch batch = Batches(data, shape).make(Batches::Part::train, samples, 2, 1);
    for (int i = 0; i < 12; ++i) {
      REQUIRE(batch.input.view(-1)[i].item<int>() == token(i / 6, i % 6));
      REQUIRE(batch.target[i].item<int>() == token(i / 6, i % 6 + 1));
    }
    REQUIRE_FALSE(batch.scored.defined());
  }
  SECTION("masked") {
    spec.masked = true;
    const Shape shape = shape_for(spec, data);
    std::int64_t hidden = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      const Batch batch = Batches(data, shape).make(Batches::Part::train, samples, 2, seed);
      for (int i = 0; i < 12; ++i) {
        const bool masked = batch.scored[i].item<bool>();
        hidden += masked;
        REQUIRE(batch.target[i].item<int>() == token(i / 6, i % 6));
        REQUIRE(batch.input.view(-1)[i].item<int>() == (masked ? 9 : token(i / 6, i % 6)));
      }
    }
    REQUIRE(static_cast<double>(hidden) / 2400 == Approx(0.15).margin(0.03));
  }
}
