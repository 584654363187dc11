#include "sim/learn/training/slice_map.hpp"

#include <random>

#include "sim/learn/merging/overlap.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

Dim dim_of(const std::vector<Axis>& axes, AxisId axis, int outer, int inner) {
  return {outer * axes[static_cast<std::size_t>(axis)].units * inner, axis, outer, inner};
}

// Tensors of one to four dimensions with fixed, plain, repeated and flattened dimensions in random places.
Shape random_shape(std::mt19937_64& random) {
  Shape shape;
  for (int a = 0; a < 3; ++a) shape.axes.push_back({"axis", 1 + static_cast<int>(random() % 7)});
  for (int t = 0; t < 6; ++t) {
    ParameterTensor tensor;
    const auto dims = 1 + random() % 4;
    for (std::size_t d = 0; d < dims; ++d) {
      if (random() % 4 == 0)
        tensor.dims.push_back({1 + static_cast<int>(random() % 4), kFixed, 1, 1});
      else
        tensor.dims.push_back(dim_of(shape.axes, static_cast<AxisId>(random() % 3), 1 + static_cast<int>(random() % 3),
                                     1 + static_cast<int>(random() % 3)));
    }
    shape.tensors.push_back(std::move(tensor));
  }
  return shape;
}

WidthSlice random_slice(const Shape& shape, std::mt19937_64& random) {
  WidthSlice slice;
  for (const Axis& axis : shape.axes) {
    const int length = 1 + static_cast<int>(random() % static_cast<unsigned>(axis.units));
    if (random() % 2 == 0) {
      slice.axes.push_back(
          IndexSet::window(static_cast<int>(random() % static_cast<unsigned>(axis.units)), length, axis.units));
    } else {
      std::vector<int> units;
      for (int u = 0; u < axis.units; ++u) units.push_back(u);
      for (std::size_t i = units.size(); i > 1; --i) std::swap(units[i - 1], units[random() % i]);
      units.resize(static_cast<std::size_t>(length));
      slice.axes.push_back(IndexSet::subset(std::move(units), axis.units));
    }
  }
  return slice;
}

// The definition, dimension by dimension: independent of memory order and of runs.
at::Tensor by_definition(const Shape& shape, int tensor, const at::Tensor& full, const WidthSlice& slice) {
  at::Tensor result = full;
  const auto& dims = shape.tensors[static_cast<std::size_t>(tensor)].dims;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    std::vector<std::int64_t> indices;
    if (dims[d].axis == kFixed) continue;
    const IndexSet& set = slice.axes[static_cast<std::size_t>(dims[d].axis)];
    for (int o = 0; o < dims[d].outer; ++o)
      for (const int unit : set.units())
        for (int i = 0; i < dims[d].inner; ++i) indices.push_back((o * set.size() + unit) * dims[d].inner + i);
    result = result.index_select(static_cast<std::int64_t>(d), at::tensor(indices, at::kLong));
  }
  return result;
}

at::Tensor counting(const ParameterLayout& layout) {
  at::Tensor flat = at::zeros({layout.size()});
  float next = 1;
  for (int t = 0; t < layout.tensors(); ++t) {
    at::Tensor view = layout.view(flat, t);
    view.copy_(at::arange(view.numel()).view(view.sizes()) + next);
    next += static_cast<float>(view.numel());
  }
  return flat;
}

}  // namespace

TEST_CASE("gathering a slice picks the elements that the axes' index sets name, in order") {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 60; ++trial) {
    const Shape shape = random_shape(random);
    const WidthSlice slice = random_slice(shape, random);
    const ParameterLayout full(shape, full_slice(shape));
    const at::Tensor values = counting(full);
    const SliceMap map(shape, full, slice);
    const at::Tensor part = gather(map, values);
    for (int t = 0; t < full.tensors(); ++t) {
      INFO("trial " << trial << " tensor " << t);
      REQUIRE(at::equal(map.part_layout().view(part, t), by_definition(shape, t, full.view(values, t), slice)));
    }
  }
}

TEST_CASE("a layout's tensors are views of the given buffer, even if that is a row of another") {
  const Shape shape = test::shape_for(MlpOptions{{5, 3}}, test::images(3, 4, 1, 6, 3));
  const ParameterLayout layout(shape, full_slice(shape));
  const at::Tensor rows = at::arange(4 * layout.size(), at::kFloat).view({4, layout.size()});
  const std::vector<at::Tensor> stacked = layout.grouped_views(rows, 3);
  for (int t = 0; t < layout.tensors(); ++t) {
    REQUIRE(stacked[static_cast<std::size_t>(t)].size(0) == 3);
    for (std::int64_t row = 0; row < 3; ++row) {
      const at::Tensor alone = layout.view(rows[row].clone(), t);
      REQUIRE(at::equal(layout.view(rows[row], t), alone));
      REQUIRE(at::equal(stacked[static_cast<std::size_t>(t)][row], alone));
    }
  }
}

TEST_CASE("scattering a gathered slice restores exactly its elements") {
  std::mt19937_64 random(2);
  for (int trial = 0; trial < 40; ++trial) {
    const Shape shape = random_shape(random);
    const SliceMap map(shape, ParameterLayout(shape, full_slice(shape)), random_slice(shape, random));
    const ParameterLayout full(shape, full_slice(shape));
    const at::Tensor values = counting(full);
    at::Tensor empty = at::zeros_like(values);
    scatter(map, gather(map, values), empty);
    REQUIRE(at::equal(gather(map, empty), gather(map, values)));
    std::int64_t kept = 0;
    map.for_each_run([&](int, const Run& run) { kept += run.length; });
    REQUIRE((empty != 0).sum().item<std::int64_t>() == kept);
    REQUIRE(((empty == values).logical_or(empty == 0)).all().item<bool>());
  }
}

TEST_CASE("an overlap mean is, element by element, the mean over the parts that cover it") {
  std::mt19937_64 random(3);
  for (int trial = 0; trial < 20; ++trial) {
    const Shape shape = random_shape(random);
    const ParameterLayout full(shape, full_slice(shape));
    const at::Tensor before = counting(full);
    OverlapSum sum(full);
    at::Tensor total = at::zeros_like(before), count = at::zeros_like(before);
    for (int device = 0; device < 4; ++device) {
      const SliceMap map(shape, full, random_slice(shape, random));
      const at::Tensor part = at::full({map.part_size()}, static_cast<float>(device + 2));
      sum.add(map, part, 1);
      at::Tensor mine = at::zeros_like(before);
      scatter(map, part, mine);
      total += mine;
      count += mine.ne(0).to(at::kFloat);
    }
    const at::Tensor expected = at::where(count > 0, total / count.clamp_min(1), before);
    REQUIRE(at::allclose(sum.mean(before).to(at::kFloat), expected));
  }
}

TEST_CASE("merging sub-models that are slices of the same model is the identity, to the bit") {
  std::mt19937_64 random(4);
  for (int trial = 0; trial < 20; ++trial) {
    const Shape shape = random_shape(random);
    const ParameterLayout full(shape, full_slice(shape));
    const at::Tensor values = counting(full) / 7;
    OverlapSum sum(full);
    for (int device = 0; device < 7; ++device) {
      const SliceMap map(shape, full, random_slice(shape, random));
      sum.add(map, gather(map, values), 1 + device * 13);
    }
    REQUIRE(at::equal(sum.mean(values).to(at::kFloat), values));
    std::vector<Weighted> models;
    for (int device = 0; device < 7; ++device) models.push_back({values, 1.0 + device * 13});
    REQUIRE(at::equal(weighted_mean(models).to(at::kFloat), values));
  }
}

TEST_CASE("a masked merge changes only the classifier rows of present classes") {
  const auto world = test::World(test::images(4, 6, 1, 20, 10), MlpOptions{{8}}, 2);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const at::Tensor before = counting(full);
  OverlapSum sum(full);
  const SliceMap map(world.shape, full, test::window_slice(world.shape, 0.5, 3));
  sum.add_masked(map, at::full({map.part_size()}, -1.0F), 1, classifier_tensors(world.shape),
                 {true, false, false, true});
  const at::Tensor after = sum.mean(before).to(at::kFloat);
  const std::vector<int>& classifier = classifier_tensors(world.shape);
  REQUIRE(classifier.size() == 2);
  for (const int tensor : classifier) {
    const at::Tensor now = full.view(after, tensor), old = full.view(before, tensor);
    for (const int row : {1, 2}) REQUIRE(at::equal(now[row], old[row]));
    for (const int row : {0, 3}) REQUIRE((now[row] == -1).any().item<bool>());
  }
  // Other layers merge as always.
  REQUIRE((full.view(after, 0) == -1).any().item<bool>());
}
