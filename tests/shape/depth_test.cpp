// Which blocks a sub-model may leave out, and what it costs then.
#include "sim/shape/depth.hpp"

#include "sim/base/error.hpp"
#include "sim/shape/cost.hpp"
#include "sim/shape/models.hpp"
#include "sim/shape/shape_builder.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

constexpr SampleShape kPictures{InputKind::image, 3, 8, 8, 10};

Shape resnet(std::vector<int> blocks) {
  ResNetOptions spec;
  spec.widths = {4, 8};
  spec.blocks = std::move(blocks);
  return build_shape(spec, kPictures);
}

WidthSlice keeping(const Shape& shape, std::vector<int> blocks) {
  WidthSlice slice = full_slice(shape);
  slice.axes.back() = IndexSet::subset(std::move(blocks), shape.axes.back().units);
  return slice;
}

}  // namespace

TEST_CASE("blocks whose shortcut changes nothing may be left out; one with a projection may not") {
  const Shape shape = with_depth(resnet({2, 3}));
  REQUIRE(shape.axes.back().is_depth);
  std::vector<std::string> sums;
  for (const Block& block : shape.blocks) sums.push_back(shape.layers[static_cast<std::size_t>(block.sum)].name);
  CHECK(sums ==
        std::vector<std::string>{"stage1.block1.sum", "stage1.block2.sum", "stage2.block2.sum", "stage2.block3.sum"});
}

TEST_CASE("leaving out all but the first blocks of each stage costs what the shallower model costs") {
  const Shape deep = with_depth(resnet({2, 3})), shallow = resnet({1, 1});
  const SliceCost kept = slice_cost(deep, keeping(deep, {0})), alone = slice_cost(shallow, full_slice(shallow));
  CHECK(kept.parameters == alone.parameters);
  CHECK(kept.forward_macs == alone.forward_macs);
  CHECK(kept.training_macs == alone.training_macs);
  CHECK(parameter_count(deep, keeping(deep, {0})) == parameter_count(shallow, full_slice(shallow)));
  REQUIRE(kept.memory.gathered.size() == alone.memory.gathered.size());
  for (std::size_t i = 0; i < alone.memory.gathered.size(); ++i) {
    CHECK(kept.memory.gathered[i].per_sample == alone.memory.gathered[i].per_sample);
    CHECK(kept.memory.gathered[i].per_step == alone.memory.gathered[i].per_step);
  }
}

TEST_CASE("two slices share the elements of the blocks that both keep") {
  const Shape shape = with_depth(resnet({2, 3}));
  const auto parameters = [&](std::vector<int> blocks) {
    return parameter_count(shape, keeping(shape, std::move(blocks)));
  };
  CHECK(shared_parameters(shape, keeping(shape, {0, 1}), keeping(shape, {2, 1})) == parameters({1}));
  CHECK(shared_parameters(shape, keeping(shape, {0}), keeping(shape, {2})) ==
        parameters({0}) + parameters({2}) - parameters({0, 2}));
}

TEST_CASE("a transformer's attention and its feed-forward part are a block each") {
  TransformerOptions spec;
  spec.layers = 3;
  CHECK(with_depth(build_shape(spec, {InputKind::tokens, 1, 1, 8, 20})).blocks.size() == 6);
}

TEST_CASE(
    "a branch that others read, or that shares parameters, is no block; of nested sums the inner ones end blocks") {
  const auto started = [](ShapeBuilder& builder) { return builder.conv("stem", kModelInput, 4, 3, 1, 1, false); };
  const auto reason = [](ShapeBuilder&& builder, int last) {
    builder.classifier("classifier", builder.global_average_pool("pool", last));
    try {
      with_depth(std::move(builder).build());
    } catch (const UserError& error) {
      return error.mistakes().front().found;
    }
    return std::string("none");
  };
  ShapeBuilder read("read", InputKind::image, Extent{Dim{3, kFixed, 1, 1}, 8, 8}, 10);
  const int stem = started(read), branch = read.conv("branch", stem, 4, 3, 1, 1, false);
  const int sum = read.add("sum", stem, branch);
  CHECK_THAT(reason(std::move(read), read.add("other", sum, branch)),
             ContainsSubstring("sum sum: layer other reads branch, which is in its branch"));

  ShapeBuilder nested("nested", InputKind::image, Extent{Dim{3, kFixed, 1, 1}, 8, 8}, 10);
  const int first = started(nested), inner = nested.conv("inner", first, 4, 3, 1, 1, false);
  const int inside = nested.add("inner.sum", first, inner), outer = nested.conv("outer", inside, 4, 3, 1, 1, false);
  nested.classifier("classifier", nested.global_average_pool("pool", nested.add("outer.sum", first, outer)));
  const Shape shape = with_depth(std::move(nested).build());
  REQUIRE(shape.blocks.size() == 1);
  CHECK(shape.layers[static_cast<std::size_t>(shape.blocks.front().sum)].name == "inner.sum");
}

TEST_CASE("a model without such a block is refused, with the reason for each of its sums") {
  CHECK_THROWS_WITH(with_depth(build_shape(MlpOptions{}, kPictures)), ContainsSubstring("no residual block"));
  ResNetOptions spec;
  spec.widths = {4, 8};
  spec.blocks = {1, 1};
  spec.bottleneck = true;
  CHECK_THROWS_WITH(with_depth(build_shape(spec, kPictures)),
                    ContainsSubstring("sum stage1.block1.sum: no input reaches it unchanged") &&
                        ContainsSubstring("sum stage2.block1.sum"));
}
