#include "sim/plan/coverage.hpp"

#include <set>

#include "sim/plan/split_rules.hpp"
#include "sim/shape/depth.hpp"
#include "sim/shape/models.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
Shape small_cnn() {
  CnnOptions spec;
  spec.channels = {5, 6};
  spec.dense = {7};
  return build_shape(spec, {InputKind::image, 2, 4, 4, 3});
}

// Numbers of the elements of the whole model that a slice holds.
std::set<std::int64_t> elements(const Shape& shape, const WidthSlice& slice) {
  std::set<std::int64_t> held;
  std::int64_t base = 0;
  for (const ParameterTensor& tensor : shape.tensors) {
    std::vector<std::int64_t> offsets = {0};
    for (const Dim& dim : tensor.dims) {
      std::vector<std::int64_t> next;
      for (std::int64_t offset : offsets)
        for (std::int64_t index : sliced_indices(dim, slice)) next.push_back(offset * dim.size + index);
      offsets = std::move(next);
    }
    for (std::int64_t offset : offsets) held.insert(base + offset);
    base += element_count(tensor);
  }
  return held;
}
}  // namespace

TEST_CASE("coverage and stale elements equal a count over every element, over width and over width and depth") {
  const double depth = GENERATE(1.0, 0.5);
  ResNetOptions resnet;
  resnet.widths = {5, 6};
  resnet.blocks = {2, 3};
  const Shape shape = depth == 1 ? small_cnn() : with_depth(build_shape(resnet, {InputKind::image, 2, 4, 4, 3}));
  const double total = static_cast<double>(parameter_count(shape, full_slice(shape)));
  Coverage coverage(shape);
  std::map<std::int64_t, std::set<NodeId>> holders;  // all that trained an element in its last round
  const std::vector<double> rates = {0.2, 0.4, 0.3};
  std::set<std::int64_t> ever;
  for (int round = 0; round < 6; ++round) {
    std::vector<WidthSlice> slices;
    for (std::size_t n = 0; n < rates.size(); ++n)
      slices.push_back(double_shift_slice(shape, {2, 0.7, true}, round, rates, n, depth));
    const WidthSlice wanted = double_shift_slice(shape, {2, 0.7, true}, round + 1, rates, 1, depth);

    std::set<std::int64_t> now;
    for (const WidthSlice& slice : slices) {
      const auto held = elements(shape, slice);
      now.insert(held.begin(), held.end());
    }
    std::map<NodeId, std::int64_t> stale;
    for (std::int64_t element : elements(shape, wanted))
      if (now.count(element) == 0)
        for (const NodeId holder : holders[element]) ++stale[holder];
    REQUIRE(coverage.stale_parameters({wanted}, {&slices[0], &slices[1], &slices[2]}).front() == stale);

    coverage.mark(round, {{0, &slices[0]}, {1, &slices[1]}, {2, &slices[2]}});
    for (const std::int64_t element : now) holders[element].clear();
    for (std::size_t n = 0; n < slices.size(); ++n)
      for (const std::int64_t element : elements(shape, slices[n])) holders[element].insert(static_cast<NodeId>(n));
    ever.insert(now.begin(), now.end());
    REQUIRE(coverage.share_trained_in(round).value() == Approx(static_cast<double>(now.size()) / total));
    REQUIRE(coverage.share_trained_ever().value() == Approx(static_cast<double>(ever.size()) / total));
  }
}

TEST_CASE("windows of equal widths that move together never train weights between distant units") {
  const Shape shape = build_shape(MlpOptions{{16, 16}}, {InputKind::image, 1, 4, 4, 3});
  const std::vector<double> rates(4, 0.25);
  const auto covered_ever = [&](bool decorrelated) {
    Coverage coverage(shape);
    for (int round = 0; round < 64; ++round) {
      std::vector<WidthSlice> slices;
      for (std::size_t n = 0; n < 4; ++n)
        slices.push_back(double_shift_slice(shape, {1, 1, decorrelated}, round, rates, n));
      std::vector<Coverage::Trained> trained;
      for (std::size_t n = 0; n < 4; ++n) trained.push_back({static_cast<NodeId>(n), &slices[n]});
      coverage.mark(round, trained);
    }
    return coverage.share_trained_ever().value();
  };
  CHECK(covered_ever(false) < 0.8);
  CHECK(covered_ever(true) == 1.0);
}

TEST_CASE("coverage of a wide model takes memory by its slices, not by its width") {
  TransformerOptions spec;
  spec.embedding = 12288;
  spec.heads = 96;
  spec.ffn = 49152;
  spec.layers = 96;
  const Shape shape = build_shape(spec, {InputKind::tokens, 1, 1, 64, 50257});
  Coverage coverage(shape);  // 174 billion parameters
  const std::vector<double> rates(4, 0.25);
  for (int round = 0; round < 3; ++round) {
    std::vector<WidthSlice> slices;
    std::vector<Coverage::Trained> trained;
    for (std::size_t n = 0; n < 4; ++n) slices.push_back(double_shift_slice(shape, {}, round, rates, n));
    for (std::size_t n = 0; n < 4; ++n) trained.push_back({static_cast<NodeId>(n), &slices[n]});
    coverage.mark(round, trained);
  }
  CHECK(coverage.share_trained_in(2).value() < 0.3);
}
