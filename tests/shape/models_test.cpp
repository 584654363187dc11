#include "sim/shape/models.hpp"

#include <algorithm>

#include "sim/base/error.hpp"
#include "sim/shape/slice.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("resnet18 has 11.17 million parameters") {
  const Shape shape = build_shape(ResNetOptions{}, {InputKind::image, 3, 32, 32, 10});
  CHECK(parameter_count(shape, full_slice(shape)) == Approx(11.17e6).epsilon(1e-3));
}

TEST_CASE("an identity shortcut makes the widths that it joins one axis") {
  const Shape shape = build_shape(ResNetOptions{}, {InputKind::image, 3, 32, 32, 10});
  // Per stage one axis for the stream and one inside each of its two blocks.
  CHECK(shape.axes.size() == 4 * 3);
  CHECK(shape.axes.front().name == "stem");
}

TEST_CASE("inputs, logits, vocabulary and positions are never split") {
  TransformerOptions spec;
  spec.layers = 2;
  const Shape shape = build_shape(spec, {InputKind::tokens, 1, 1, 64, 1000});
  CHECK(shape.layers.back().out.features.axis == kFixed);
  CHECK(shape.tensors.front().dims.front().axis == kFixed);
  // The embedding stream, and per layer the units of a head (shared by query, key and value) and the feed-forward
  // width.
  CHECK(shape.axes.size() == 1 + 2 * 2);
  CHECK(shape.axes[1].units == 256 / 8);
}

TEST_CASE("a flattened channel keeps its positions together") {
  CnnOptions spec;
  spec.channels = {4};
  spec.dense = {5};
  const Shape shape = build_shape(spec, {InputKind::image, 1, 8, 8, 3});
  const auto dense =
      std::find_if(shape.tensors.begin(), shape.tensors.end(), [](const auto& t) { return t.name == "dense1.weight"; });
  REQUIRE(dense != shape.tensors.end());
  CHECK(dense->dims[1].size == 4 * 16);
  CHECK(dense->dims[1].inner == 16);
}

TEST_CASE("the simple cnn of NIID-Bench has 62,006 parameters on CIFAR-10") {
  CnnOptions spec;
  spec.channels = {6, 16};
  spec.kernel = 5;
  spec.same_padding = false;
  spec.norm = NormKind::none;
  spec.dense = {120, 84};
  const Shape shape = build_shape(spec, {InputKind::image, 3, 32, 32, 10});
  CHECK(parameter_count(shape, full_slice(shape)) == 62006);
}

TEST_CASE("a model that does not go with its samples is refused with what would") {
  CHECK_THROWS_AS(build_shape(LstmOptions{}, {InputKind::image, 1, 28, 28, 10}), UserError);
  TransformerOptions odd;
  odd.embedding = 10;
  odd.heads = 4;
  CHECK_THROWS_WITH(build_shape(odd, {InputKind::tokens, 1, 1, 8, 10}), ContainsSubstring("embedding 10 with 4 heads"));
  CnnOptions deep;
  deep.channels = std::vector<int>(4, 8);
  deep.same_padding = false;
  CHECK_THROWS_WITH(build_shape(deep, {InputKind::image, 1, 8, 8, 10}), ContainsSubstring("convolution"));
}

TEST_CASE("a narrowed model has every width scaled and rounded up") {
  CnnOptions spec;
  spec.channels = {10, 7};
  const auto narrow = std::get<CnnOptions>(narrowed(spec, 0.25));
  CHECK(narrow.channels == std::vector<int>{3, 2});
}
