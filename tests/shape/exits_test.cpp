// Models in stages with a classifier behind each: where stages end, and what sub-models of the first ones cost.
#include "sim/shape/exits.hpp"

#include <functional>

#include "sim/base/error.hpp"
#include "sim/shape/cost.hpp"
#include "sim/shape/models.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

constexpr SampleShape kPictures{InputKind::image, 3, 16, 16, 10};

Shape cnn_of(std::vector<int> channels) {
  CnnOptions spec;
  spec.channels = std::move(channels);
  spec.norm = NormKind::none;
  return build_shape(spec, kPictures);
}

Shape resnet_of(std::vector<int> blocks) {
  ResNetOptions spec;
  spec.widths = {4, 8};
  spec.blocks = std::move(blocks);
  return build_shape(spec, kPictures);
}

WidthSlice first(const Shape& shape, int stages) {
  WidthSlice slice = full_slice(shape);
  slice.axes.back() = first_stages(shape, stages);
  return slice;
}

std::string found_by(const std::function<void()>& action) {
  try {
    action();
  } catch (const UserError& error) {
    return error.mistakes().front().found;
  }
  return "nothing";
}

/// "stage1.block2.conv1.weight stage1.block2.conv2.weight"
std::string weights_of(const Shape& shape, const std::vector<int>& tensors) {
  std::string names;
  for (const int tensor : tensors)
    if (const std::string& name = shape.tensors[static_cast<std::size_t>(tensor)].name; name.find("conv") != name.npos)
      names += (names.empty() ? "" : " ") + name;
  return names;
}

}  // namespace

TEST_CASE("a sub-model of the first stages costs its layers and the classifiers that it has") {
  // Convolutions 3 -> 4 -> 8 -> 12 -> 16, halved after each: 112, 296, 876 and 1744 parameters; classifiers of 4, 8, 12
  // and 16 features: 50, 90, 130 and 170.
  const Shape plain = cnn_of({4, 8, 12, 16});
  const Shape all = with_exits(cnn_of({4, 8, 12, 16}), 4, true, true),
              last = with_exits(cnn_of({4, 8, 12, 16}), 4, false, false);
  REQUIRE(all.stages.size() == 4);
  CHECK(parameter_count(all, first(all, 1)) == 112 + 50);
  CHECK(parameter_count(last, first(last, 1)) == 112 + 50);
  CHECK(parameter_count(all, first(all, 2)) == 112 + 296 + 50 + 90);
  CHECK(parameter_count(last, first(last, 2)) == 112 + 296 + 90);
  CHECK(parameter_count(all, first(all, 4)) == 112 + 296 + 876 + 1744 + 50 + 90 + 130 + 170);
  CHECK(parameter_count(last, first(last, 4)) == parameter_count(plain, full_slice(plain)));
  // 256 positions of 3 x 9 x 4 products, then 64 of 4 x 9 x 8.
  CHECK(slice_cost(all, first(all, 1)).forward_macs == 256 * 108 + 40);
  CHECK(slice_cost(all, first(all, 2)).forward_macs == 256 * 108 + 64 * 288 + 40 + 80);
  CHECK(slice_cost(last, first(last, 2)).forward_macs == 256 * 108 + 64 * 288 + 80);
  for (int stages = 1; stages <= 4; ++stages) CHECK(stages_of(all, first(all, stages)) == stages);
  // What two sizes share: the stages of the smaller one, and its classifiers where the larger one has them as well.
  CHECK(shared_parameters(all, first(all, 1), first(all, 3)) == 112 + 50);
  CHECK(shared_parameters(last, first(last, 1), first(last, 3)) == 112);
}

TEST_CASE("a stage of a residual model ends with a sum, and stages have equal numbers of blocks") {
  const Shape shape = with_exits(resnet_of({2, 2}), 2, true, false);
  REQUIRE(shape.stages.size() == 2);
  CHECK(shape.stages[0].blocks.size() == 2);
  CHECK(shape.stages[1].blocks.size() == 2);
  CHECK(weights_of(shape, shape.stages[0].blocks.back()) == "stage1.block2.conv1.weight stage1.block2.conv2.weight");
  CHECK(shape.layers[static_cast<std::size_t>(shape.stages[0].logits)].name == "exit1");
  const Shape three = with_exits(resnet_of({2, 3}), 4, true, false);
  std::vector<std::size_t> counts;
  for (const Stage& stage : three.stages) counts.push_back(stage.blocks.size());
  CHECK(counts == std::vector<std::size_t>{1, 1, 1, 2});
}

TEST_CASE("a language model's classifiers predict at every position") {
  TransformerOptions spec;
  spec.embedding = 8, spec.heads = 2, spec.ffn = 16, spec.layers = 2, spec.window = 6;
  const Shape shape = with_exits(build_shape(spec, {InputKind::tokens, 1, 1, 6, 20}), 2, true, false);
  const Layer& exit = shape.layers[static_cast<std::size_t>(shape.stages[0].logits)];
  CHECK(exit.out.positions() == 6);
  CHECK(exit.out.features.size == 20);
  CHECK(std::holds_alternative<Linear>(exit.op));
}

TEST_CASE("a model with exits whose sub-models have all stages and the last classifier costs what the model costs") {
  const Shape plain = resnet_of({2, 2}), staged = with_exits(plain, 2, false, false);
  const SliceCost a = slice_cost(plain, full_slice(plain)), b = slice_cost(staged, first(staged, 2));
  CHECK(a.parameters == b.parameters);
  CHECK(a.forward_macs == b.forward_macs);
  CHECK(a.training_macs == b.training_macs);
}

TEST_CASE("models that cannot be cut into so many stages are refused with the reason") {
  CHECK(found_by([] {
          with_exits(cnn_of({4, 8}), 3, true, true);
        }) == "3 stages, but model cnn has 2 blocks that a stage could end with");
  CHECK(found_by([] { with_exits(cnn_of({4}), {}, true, true); }) ==
        "2 stages, but model cnn has 1 block that a stage could end with");
  CHECK(with_exits(cnn_of({4, 8, 12, 16, 20}), {}, true, true).stages.size() == 4);
  CHECK(with_exits(cnn_of({4, 8, 12}), {}, true, true).stages.size() == 3);
}
