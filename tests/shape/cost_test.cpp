#include "sim/shape/cost.hpp"

#include "sim/shape/models.hpp"
#include "sim/shape/start_values.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
WidthSlice windows(const Shape& shape, double rate) {
  WidthSlice slice;
  for (const Axis& axis : shape.axes)
    slice.axes.push_back(IndexSet::window(0, sliced_units(rate, axis.units), axis.units));
  return slice;
}
std::int64_t forward_macs(const ModelOptions& spec, double rate) {
  const Shape shape = build_shape(spec, {InputKind::image, 3, 32, 32, 10});
  return slice_cost(shape, windows(shape, rate)).forward_macs;
}
}  // namespace

TEST_CASE("the costs of a cnn equal a count by hand") {
  CnnOptions spec;
  spec.channels = {4, 6};
  spec.norm = NormKind::none;
  const Shape shape = build_shape(spec, {InputKind::image, 1, 8, 8, 3});
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  const std::int64_t conv1 = 8 * 8 * 9 * 1 * 4, conv2 = 4 * 4 * 9 * 4 * 6, classifier = 6 * 3;
  CHECK(cost.forward_macs == conv1 + conv2 + classifier);
  CHECK(cost.training_macs == 2 * conv1 + 3 * conv2 + 3 * classifier);  // the first layer's input needs no gradient
  CHECK(cost.parameters == (4 * 9 + 4) + (6 * 4 * 9 + 6) + (6 * 3 + 3));
  // Most is held when the first ReLU's backward pass writes its gradient: the input, the ReLU's result in the
  // convolution's place, the gradient that comes and the one that goes, the representation, the logits and the class.
  const HeldBytes most = cost.memory.apart.front();
  CHECK(most.per_sample == 4 * (64 + 256 + 256 + 256 + 6 + 3) + 8);
  CHECK(most.per_step == 4 * ((6 * 4 * 9 + 6) + (6 * 3 + 3)));  // gradients of the layers behind it
  CHECK(cost.memory.gathered.front().per_sample == most.per_sample);
  CHECK(cost.memory.gathered.front().per_step == 0);
}

TEST_CASE("a frozen layer has no gradient, and one below everything that is trained goes forward only") {
  CnnOptions spec;
  spec.channels = {4, 6};
  spec.norm = NormKind::none;
  const std::int64_t conv1 = 8 * 8 * 9 * 1 * 4, conv2 = 4 * 4 * 9 * 4 * 6, classifier = 6 * 3;
  const auto cost_of = [&](const std::vector<std::string>& trained) {
    Shape shape = build_shape(spec, {InputKind::image, 1, 8, 8, 3});
    keep_trained(shape, trained);
    return slice_cost(shape, full_slice(shape));
  };
  const SliceCost last = cost_of({"classifier"});
  CHECK(last.training_macs == conv1 + conv2 + 2 * classifier);
  CHECK(last.trained_parameters() == 6 * 3 + 3);
  CHECK(last.layers.front().passes == 1);
  CHECK(last.layers.front().training_bytes == last.layers.front().forward_bytes);
  // Nothing is kept for a backward pass: at the end the sample, what the classifier reads and gives, and the class.
  CHECK(last.memory.apart.front().per_sample < cost_of({"all"}).memory.apart.front().per_sample);
  const SliceCost first = cost_of({"conv1"});
  CHECK(first.training_macs == 2 * conv1 + 2 * conv2 + 2 * classifier);
  CHECK(first.trained_parameters() == 4 * 9 + 4);
  CHECK(cost_of({"conv", "dense"}).training_macs == cost_of({}).training_macs);
  CHECK(cost_of({"conv", "dense"}).frozen_parameters == 0);
}

TEST_CASE("frozen parameters are shared with nobody") {
  CnnOptions spec;
  spec.channels = {4, 6};
  Shape shape = build_shape(spec, {InputKind::image, 1, 8, 8, 3});
  keep_trained(shape, {"norm", "conv2"});
  CHECK(shared_parameters(shape, full_slice(shape), full_slice(shape)) == 2 * 4 + 2 * 6 + 6 * 4 * 9);
  CHECK_THROWS_WITH(keep_trained(shape, {"conv3"}), ContainsSubstring("no layer 'conv3' with parameters"));
}

TEST_CASE("half the width of every axis costs a quarter of an inner convolution and half of the first") {
  CnnOptions spec;
  spec.channels = {4, 6};
  spec.norm = NormKind::none;
  const Shape shape = build_shape(spec, {InputKind::image, 1, 8, 8, 3});
  const SliceCost cost = slice_cost(shape, windows(shape, 0.5));
  CHECK(cost.forward_macs == 8 * 8 * 9 * 2 + 4 * 4 * 9 * 2 * 3 + 3 * 3);
}

TEST_CASE("resnet18 costs what is published for it at every rate") {
  CHECK(forward_macs(ResNetOptions{}, 1) == Approx(555.4e6).epsilon(1e-4));
  CHECK(forward_macs(ResNetOptions{}, 0.125) == Approx(8.87e6).epsilon(1e-3));
  CHECK(forward_macs(ResNetOptions{}, 0.45) == Approx(114.3e6).epsilon(1e-3));
}

TEST_CASE("attention is charged both of its products and its softmax") {
  TransformerOptions spec;
  spec.embedding = 8;
  spec.heads = 2;
  spec.ffn = 16;
  spec.layers = 1;
  spec.window = 5;
  const Shape shape = build_shape(spec, {InputKind::tokens, 1, 1, 5, 11});
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  const std::int64_t attention = 2 * 5 * 5 * 8, projections = 4 * 5 * 8 * 8, ffn = 2 * 5 * 8 * 16, logits = 5 * 8 * 11;
  CHECK(cost.forward_macs == attention + projections + ffn + logits);
  CHECK(cost.training_macs == 3 * cost.forward_macs);  // below everything lies a trained embedding
}
