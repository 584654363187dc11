#include "sim/shape/slice.hpp"

#include <random>
#include <set>

#include "sim/shape/models.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
int brute_force_intersection(const IndexSet& a, const IndexSet& b) {
  const auto left = a.units(), right = b.units();
  const std::set<int> in_a(left.begin(), left.end());
  int count = 0;
  for (int unit : right) count += static_cast<int>(in_a.count(unit));
  return count;
}

// Marks every element of every tensor that a slice holds, index by index.
std::vector<std::vector<bool>> held_elements(const Shape& shape, const WidthSlice& slice) {
  std::vector<std::vector<bool>> held;
  for (const ParameterTensor& tensor : shape.tensors) {
    std::vector<bool> marks(static_cast<std::size_t>(element_count(tensor)), false);
    std::vector<std::int64_t> offsets = {0};
    for (const Dim& dim : tensor.dims) {
      std::vector<std::int64_t> next;
      for (std::int64_t offset : offsets)
        for (std::int64_t index : sliced_indices(dim, slice)) next.push_back(offset * dim.size + index);
      offsets = std::move(next);
    }
    for (std::int64_t offset : offsets) marks[static_cast<std::size_t>(offset)] = true;
    held.push_back(std::move(marks));
  }
  return held;
}

IndexSet random_set(std::mt19937_64& random, int size) {
  const int length = 1 + static_cast<int>(random() % static_cast<unsigned>(size));
  if (random() % 3 != 0)
    return IndexSet::window(static_cast<int>(random() % static_cast<unsigned>(size)), length, size);
  std::vector<int> units(static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) units[static_cast<std::size_t>(i)] = i;
  std::shuffle(units.begin(), units.end(), random);
  units.resize(static_cast<std::size_t>(length));
  return IndexSet::subset(units, size);
}
}  // namespace

TEST_CASE("a window wraps round the end of its axis and keeps its order") {
  CHECK(IndexSet::window(6, 4, 8).units() == std::vector<int>{6, 7, 0, 1});
  CHECK(IndexSet::window(6, 4, 8).contains(1));
  CHECK_FALSE(IndexSet::window(6, 4, 8).contains(2));
}

TEST_CASE("the number of units of a rate is rounded up, and exact products are not") {
  CHECK(sliced_units(0.25, 10) == 3);
  CHECK(sliced_units(0.1, 30) == 3);  // 0.1 * 30 is 3.0000000000000004 in binary
  CHECK(sliced_units(0.001, 30) == 1);
  CHECK(sliced_units(1.0, 7) == 7);
  CHECK(sliced_units(1.0 / 3, 9) == 3);
}

TEST_CASE("the intersection of two sets equals counting their common units") {
  std::mt19937_64 random(1);
  for (int trial = 0; trial < 2000; ++trial) {
    const int size = 1 + static_cast<int>(random() % 17);
    const IndexSet a = random_set(random, size), b = random_set(random, size);
    REQUIRE(intersection_size(a, b) == brute_force_intersection(a, b));
    REQUIRE(intersection_size(a, b) == intersection_size(b, a));
  }
}

TEST_CASE("the parameters that two slices share equal a count over every element of every tensor") {
  CnnOptions cnn;
  cnn.channels = {5, 7};
  cnn.dense = {9};
  TransformerOptions transformer;
  transformer.embedding = 12;
  transformer.heads = 3;
  transformer.ffn = 10;
  transformer.layers = 1;
  transformer.window = 5;
  LstmOptions lstm;
  lstm.embedding = 6;
  lstm.hidden = 5;
  const std::vector<Shape> shapes = {build_shape(cnn, {InputKind::image, 2, 8, 8, 4}),
                                     build_shape(transformer, {InputKind::tokens, 1, 1, 5, 11}),
                                     build_shape(lstm, {InputKind::tokens, 1, 1, 5, 11})};
  std::mt19937_64 random(2);
  for (const Shape& shape : shapes) {
    for (int trial = 0; trial < 20; ++trial) {
      WidthSlice a, b;
      for (const Axis& axis : shape.axes) {
        a.axes.push_back(random_set(random, axis.units));
        b.axes.push_back(random_set(random, axis.units));
      }
      const auto in_a = held_elements(shape, a), in_b = held_elements(shape, b);
      std::int64_t only_a = 0, both = 0;
      for (std::size_t t = 0; t < in_a.size(); ++t) {
        for (std::size_t e = 0; e < in_a[t].size(); ++e) {
          only_a += in_a[t][e];
          both += in_a[t][e] && in_b[t][e];
        }
      }
      REQUIRE(parameter_count(shape, a) == only_a);
      REQUIRE(shared_parameters(shape, a, b) == both);
    }
  }
}
