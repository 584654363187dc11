// Sub-models that leave blocks out: what they compute, and what becomes of the blocks that nobody keeps.
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "sim/method/registry.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/depth.hpp"
#include "sim/shape/shape_builder.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

World world_of(std::vector<int> blocks) {
  ResNetOptions resnet;
  resnet.widths = {4, 8};
  resnet.blocks = std::move(blocks);
  World world(images(4, 8, 1, 60, 30), resnet, 3);
  world.method = find_method("heterofl")->choices;
  return world;
}

World deep_world() {
  World world = world_of({2, 3});
  world.shape = with_depth(world.shape);
  return world;
}

std::vector<float> server_model(const World& world, const std::vector<WidthSlice>& slices) {
  const auto learner = world.learner();
  play(*learner, world, 2, slices);
  return learner->parameters(world.devices(), full_slice(world.shape));
}

/// Of the deep shape's tensors those that the shallow one has too, in its order.
std::vector<at::Tensor> tensors_named_as(const Shape& shallow, const Shape& deep, const std::vector<at::Tensor>& kept) {
  std::vector<at::Tensor> alone;
  for (const ParameterTensor& tensor : shallow.tensors)
    for (std::size_t t = 0; t < kept.size(); ++t)
      if (deep.tensors[t].name == tensor.name) alone.push_back(kept[t]);
  REQUIRE(alone.size() == shallow.tensors.size());
  return alone;
}

}  // namespace

TEST_CASE("sub-models that keep all blocks learn what they learn without a depth, to the bit") {
  const World with = deep_world(), without = world_of({2, 3});
  CHECK(server_model(with, {fixed_slice(with.shape, 0.5, 1)}) ==
        server_model(without, {fixed_slice(without.shape, 0.5)}));
}

TEST_CASE("a sub-model without a block computes what the model without that block computes, to the bit") {
  const World deep = deep_world(), shallow = world_of({1, 1});
  const WidthSlice first = fixed_slice(deep.shape, 1, 0.25);  // of the blocks, stage1.block1 alone
  const ParameterLayout full(deep.shape, full_slice(deep.shape));
  const SliceMap map(deep.shape, full, first);
  const std::vector<at::Tensor> kept =
      map.part_layout().views(gather(map, initial_values(deep.shape, full, deep.seed)));
  const std::vector<at::Tensor> alone = tensors_named_as(shallow.shape, deep.shape, kept);
  const at::Tensor x = at::randn({5, 1, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  CHECK(at::equal(Net(deep.shape).forward(x, kept, {}).logits, Net(shallow.shape).forward(x, alone, {}).logits));
}

TEST_CASE("what enters a block that is left out stays as it is for its other readers") {
  const auto model = [](bool has_block) {
    ShapeBuilder b("test", InputKind::image, Extent{Dim{1, kFixed, 1, 1}, 8, 8}, 10);
    const int stem = b.conv("stem", kModelInput, 4, 3, 1, 1, false);
    const int sum = has_block ? b.add("sum", stem, b.conv("branch", stem, 4, 3, 1, 1, false)) : stem;
    const int tail = b.conv("tail", b.relu("relu", sum), 4, 3, 1, 1, false), read = b.add("tail.sum", stem, tail);
    const int last = b.add("last.sum", read, b.conv("last", read, 4, 3, 1, 1, false));
    b.classifier("classifier", b.global_average_pool("pool", last));
    return std::move(b).build();
  };
  const Shape deep = with_depth(model(true)), shallow = model(false);
  WidthSlice second = full_slice(deep);
  second.axes.back() = IndexSet::subset({1}, 2);
  const ParameterLayout full(deep, full_slice(deep));
  const SliceMap map(deep, full, second);
  const std::vector<at::Tensor> kept = map.part_layout().views(gather(map, initial_values(deep, full, 1)));
  const at::Tensor x = at::randn({5, 1, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  CHECK(at::equal(Net(deep).forward(x, kept, {}).logits,
                  Net(shallow).forward(x, tensors_named_as(shallow, deep, kept), {}).logits));
}

TEST_CASE("blocks that no device keeps stay as they were, and the others are the mean of those that keep them") {
  const World world = deep_world();
  const std::vector<float> before = world.learner()->parameters(world.devices(), full_slice(world.shape));
  const std::vector<float> after = server_model(
      world, {fixed_slice(world.shape, 1, 0.25), fixed_slice(world.shape, 0.5, 0.5), fixed_slice(world.shape, 1, 0.5)});
  std::size_t at = 0;
  const ParameterLayout full(world.shape, full_slice(world.shape));
  SliceMap(world.shape, full, full_slice(world.shape)).for_each_run([&](int t, const Run& run) {
    const int block = world.shape.tensors[static_cast<std::size_t>(t)].dims.front().block;
    bool changed = false;
    for (std::int64_t i = 0; i < run.length; ++i, ++at) changed = changed || before[at] != after[at];
    INFO(world.shape.tensors[static_cast<std::size_t>(t)].name);
    CHECK(changed == (block < 2));  // of four blocks, two are kept by someone
  });
}
