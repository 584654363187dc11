#include "sim/learn/training/net.hpp"

#include <torch/csrc/autograd/autograd.h>

#include "sim/learn/training/batches.hpp"
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "tests/learn/layer_files.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

std::vector<std::int32_t> first_samples(int count) {
  std::vector<std::int32_t> samples;
  for (int i = 0; i < count; ++i) samples.push_back(i);
  return samples;
}

struct Made {
  Dataset data;
  Shape shape;
};

CnnOptions cnn(NormKind norm) {
  CnnOptions spec;
  spec.channels = {6, 10};
  spec.dense = {12};
  spec.norm = norm;
  spec.groups = 4;
  return spec;
}

ResNetOptions resnet(bool bottleneck) {
  ResNetOptions spec;
  spec.widths = {4, 8};
  spec.blocks = {1, 2};
  spec.bottleneck = bottleneck;
  return spec;
}

TransformerOptions transformer(bool masked, bool pre_norm) {
  TransformerOptions spec;
  spec.embedding = 12, spec.heads = 3, spec.ffn = 10, spec.layers = 2, spec.window = 5;
  spec.masked = masked;
  spec.pre_norm = pre_norm;
  return spec;
}

LstmOptions lstm() {
  LstmOptions spec;
  spec.embedding = 6, spec.hidden = 7, spec.layers = 2, spec.window = 5;
  return spec;
}

std::vector<Made> every_model() {
  std::vector<Made> made;
  const Dataset pictures = images(4, 8, 3, 24, 8);
  const Dataset words = text(11, 5, 24, 8);
  for (const ModelOptions& spec :
       {ModelOptions(MlpOptions{{9, 7}}), ModelOptions(cnn(NormKind::batch)), ModelOptions(cnn(NormKind::group)),
        ModelOptions(cnn(NormKind::none)), ModelOptions(resnet(false)), ModelOptions(resnet(true)), mixed_model(),
        small_mobilenet(), file_model("resnet18-imagenet", {{"widths", "4 6 8 10"}}),
        file_model("resnet50", {{"widths", "2 3"}, {"blocks", "1 2"}}),
        file_model("vit-tiny", {{"patch", "4"}, {"features", "12"}, {"layers", "2"}})})
    made.push_back({pictures, shape_for(spec, pictures)});
  for (const ModelOptions& spec :
       {ModelOptions(transformer(false, false)), ModelOptions(transformer(true, true)), ModelOptions(lstm()),
        file_model("gpt2-small", {{"features", "12"}, {"heads", "3"}, {"layers", "2"}})})
    made.push_back({words, shape_for(spec, words)});
  return made;
}

}  // namespace

TEST_CASE("every model runs and has a gradient for every parameter, in full and in slices") {
  for (const auto& [data, shape] : every_model()) {
    const ParameterLayout full(shape, full_slice(shape));
    const at::Tensor initial = initial_values(shape, full, 1);
    const auto samples = first_samples(6);
    const Batch batch = Batches(data, shape).make(Batches::Part::train, samples.data(), 6, 0);
    for (const double rate : {1.0, 0.5, 0.2}) {
      const SliceMap map(shape, full, window_slice(shape, rate, 3));
      auto parameters = map.part_layout().views(gather(map, initial));
      for (auto& parameter : parameters) parameter = parameter.detach().requires_grad_();
      const Net net(shape);
      const auto output = net.forward(batch.input, parameters, Pass());
      INFO(shape.name << " at rate " << rate);
      REQUIRE(output.logits.size(-1) == data.classes);
      REQUIRE(output.logits.numel() == batch.targets() * data.classes);
      REQUIRE(output.representation.size(0) == 6);
      output.logits.pow(2).sum().backward();
      for (std::size_t t = 0; t < parameters.size(); ++t) {
        INFO(shape.tensors[t].name);
        REQUIRE(parameters[t].grad().defined());
        REQUIRE(at::isfinite(parameters[t].grad()).all().item<bool>());
      }
    }
  }
}

TEST_CASE("a slice of all units in another order computes what the full model computes") {
  for (const auto& [data, shape] : every_model()) {
    const ParameterLayout full(shape, full_slice(shape));
    const at::Tensor initial = initial_values(shape, full, 1);
    const auto samples = first_samples(6);
    const Batch batch = Batches(data, shape).make(Batches::Part::train, samples.data(), 6, 0);
    const SliceMap map(shape, full, window_slice(shape, 1, 2));
    const Net net(shape);
    const at::Tensor expected = net.forward(batch.input, full.views(initial), Pass()).logits;
    const at::Tensor rotated = net.forward(batch.input, map.part_layout().views(gather(map, initial)), Pass()).logits;
    INFO(shape.name << ", largest difference " << (expected - rotated).abs().max().item<double>());
    // A group norm groups neighbours, so another order is another model.
    const bool grouped = std::any_of(shape.layers.begin(), shape.layers.end(),
                                     [](const Layer& layer) { return std::holds_alternative<GroupNorm>(layer.op); });
    if (!grouped) REQUIRE(at::allclose(expected, rotated, 1e-4, 1e-4));
  }
}

TEST_CASE("a causal model's prediction does not depend on later tokens, a masked model's does") {
  const Dataset data = text(11, 5, 24, 8);
  for (const bool masked : {false, true}) {
    const Shape shape = shape_for(transformer(masked, false), data);
    const ParameterLayout full(shape, full_slice(shape));
    const auto parameters = full.views(initial_values(shape, full, 1));
    const Net net(shape);
    at::Tensor tokens = at::tensor({1, 2, 3, 4, 5}, at::kLong).view({1, 5});
    const at::Tensor before = net.forward(tokens, parameters, Pass()).logits;
    tokens[0][4] = 9;
    const at::Tensor after = net.forward(tokens, parameters, Pass()).logits;
    REQUIRE(at::equal(before.narrow(1, 0, 4), after.narrow(1, 0, 4)) == !masked);
    REQUIRE_FALSE(at::equal(before[0][4], after[0][4]));
  }
}

TEST_CASE("collected statistics are the batch's mean and unbiased variance") {
  const Dataset data = images(4, 8, 1, 24, 8);
  const Shape shape = shape_for(cnn(NormKind::batch), data);
  const ParameterLayout full(shape, full_slice(shape));
  const auto parameters = full.views(initial_values(shape, full, 1));
  const Net net(shape);
  const Batches batches(data, shape);
  auto statistics = net.no_statistics();
  Pass pass;
  pass.norm = Pass::Norm::collect;
  pass.statistics = &statistics;
  at::Tensor mean, variance;
  pass.watch = [&](int layer, const at::Tensor& output) {
    if (layer != 0) return;
    mean = output.mean({0, 2, 3});
    variance = output.var({0, 2, 3});
  };
  const auto samples = first_samples(24);
  for (int i = 0; i < 3; ++i) {  // nothing is left of the batch before
    net.forward(batches.make(Batches::Part::train, samples.data() + 8 * i, 8, 0).input, parameters, pass);
    REQUIRE(at::allclose(statistics[1].mean, mean, 1e-4, 1e-6));
    REQUIRE(at::allclose(statistics[1].variance, variance, 1e-4, 1e-6));
  }
  // With fixed statistics a sample's score does not depend on the others in its batch.
  pass.norm = Pass::Norm::fixed;
  pass.watch = nullptr;
  const Batch all = batches.make(Batches::Part::test, samples.data(), 8, 0);
  const Batch one = batches.make(Batches::Part::test, samples.data() + 3, 1, 0);
  REQUIRE(at::allclose(net.forward(all.input, parameters, pass).logits[3],
                       net.forward(one.input, parameters, pass).logits[0], 1e-4, 1e-5));
}

TEST_CASE("dropout depends on its seed alone, and is off without one") {
  const Dataset data = text(11, 5, 24, 8);
  const Shape shape = shape_for(transformer(false, false), data);
  const ParameterLayout full(shape, full_slice(shape));
  const auto parameters = full.views(initial_values(shape, full, 1));
  const Net net(shape);
  const at::Tensor tokens = at::tensor({1, 2, 3, 4, 5}, at::kLong).view({1, 5});
  const auto logits = [&](std::uint64_t seed) {
    DropoutMasks masks{seed};
    Pass pass;
    pass.dropout = &masks;
    return net.forward(tokens, parameters, pass).logits;
  };
  REQUIRE(at::equal(logits(1), logits(1)));
  REQUIRE_FALSE(at::equal(logits(1), logits(2)));
  REQUIRE(at::equal(net.forward(tokens, parameters, Pass()).logits, net.forward(tokens, parameters, Pass()).logits));
}

TEST_CASE("attention scores are scaled by the full head's width in every slice") {
  const Dataset data = text(11, 5, 24, 8);
  const Shape shape = shape_for(transformer(false, false), data);
  const ParameterLayout full(shape, full_slice(shape));
  at::Tensor initial = initial_values(shape, full, 1);
  // Query, key and value weights of one value each, so that scores can be calculated by hand: heads of 4 units, half of
  // them kept.
  const SliceMap map(shape, full, window_slice(shape, 0.5));
  const Net net(shape);
  std::vector<at::Tensor> seen(shape.layers.size());
  Pass pass;
  pass.watch = [&](int layer, const at::Tensor& output) { seen[static_cast<std::size_t>(layer)] = output; };
  const at::Tensor tokens = at::tensor({1, 2, 3, 4, 5}, at::kLong).view({1, 5});
  net.forward(tokens, map.part_layout().views(gather(map, initial)), pass);
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const Layer& layer = shape.layers[i];
    if (!std::holds_alternative<Attention>(layer.op)) continue;
    const auto heads = [&](int input) {
      const at::Tensor& x = seen[static_cast<std::size_t>(layer.inputs[static_cast<std::size_t>(input)])];
      REQUIRE(x.size(2) == 3 * 2);
      return x[0].view({5, 3, 2}).transpose(0, 1);  // head, token, unit
    };
    const at::Tensor q = heads(0), k = heads(1), v = heads(2);
    for (int head = 0; head < 3; ++head)
      for (int t = 0; t < 5; ++t) {
        const at::Tensor scores = at::mv(k[head].narrow(0, 0, t + 1), q[head][t]) / std::sqrt(4.0);
        const at::Tensor expected = at::mv(v[head].narrow(0, 0, t + 1).t(), at::softmax(scores, 0));
        REQUIRE(at::allclose(seen[i][0][t].narrow(0, 2 * head, 2), expected, 1e-4, 1e-6));
      }
  }
}
