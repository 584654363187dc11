#include "sim/shape/adapters.hpp"

#include "sim/base/error.hpp"
#include "sim/shape/cost.hpp"
#include "sim/shape/models.hpp"
#include "sim/shape/start_values.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

// 16 -> 8 -> 6 -> 3.
Shape small_mlp() {
  return build_shape(MlpOptions{{8, 6}}, {InputKind::image, 1, 4, 4, 3});
}

Shape adapted(Shape shape, const AdapterOptions& options) {
  shape = with_adapters(std::move(shape), options);
  keep_trained(shape, {});
  return shape;
}

std::vector<std::string> trained_tensors(const Shape& shape) {
  std::vector<std::string> names;
  for (const ParameterTensor& tensor : shape.tensors)
    if (tensor.is_trained) names.push_back(tensor.name);
  return names;
}

}  // namespace

TEST_CASE("adapters alone are trained and sent, and the frozen model goes back only where something below is trained") {
  const Shape shape = adapted(small_mlp(), {2, {}, AdapterOptions::Cut::rank});
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  CHECK(trained_tensors(shape) == std::vector<std::string>{"hidden1.lora_a.weight", "hidden1.lora_b.weight",
                                                           "hidden2.lora_a.weight", "hidden2.lora_b.weight"});
  const std::int64_t adapters = 2 * (16 + 8) + 2 * (8 + 6);
  CHECK(cost.trained_parameters() == adapters);
  CHECK(cost.frozen_parameters == (16 * 8 + 8) + (8 * 6 + 6) + (6 * 3 + 3));
  CHECK(shared_parameters(shape, full_slice(shape), full_slice(shape)) == adapters);
  CHECK(cost.forward_macs == 16 * 8 + 8 * 6 + 6 * 3 + adapters);
  // W1 forward alone; A1 and its gradient; the others pass a gradient on, the adapters have one of their own, too.
  CHECK(cost.training_macs == 16 * 8 + 2 * (2 * 16) + 3 * (2 * 8) + 2 * (8 * 6) + 3 * 2 * (8 + 6) + 2 * (6 * 3));
  // Behind all gradients a step holds those of the adapters.
  CHECK(cost.memory.apart.back().per_step == 4 * adapters);
}

TEST_CASE("the rank is a width: alone, or beside those of the model") {
  const Shape by_rank = adapted(small_mlp(), {4, {}, AdapterOptions::Cut::rank});
  REQUIRE(by_rank.axes.size() == 2);
  CHECK(by_rank.axes[0].name == "hidden1.lora");
  WidthSlice half = full_slice(by_rank);
  for (IndexSet& axis : half.axes) axis = IndexSet::window(3, 2, 4);
  CHECK(slice_cost(by_rank, half).trained_parameters() == 2 * (16 + 8) + 2 * (8 + 6));
  CHECK(slice_cost(by_rank, half).frozen_parameters == slice_cost(by_rank, full_slice(by_rank)).frozen_parameters);

  const Shape by_width = adapted(small_mlp(), {4, {}, AdapterOptions::Cut::all});
  REQUIRE(by_width.axes.size() == 4);
  half = full_slice(by_width);
  for (IndexSet& axis : half.axes) axis = IndexSet::window(0, axis.size() / 2, axis.size());
  CHECK(slice_cost(by_width, half).trained_parameters() == 2 * (16 + 4) + 2 * (4 + 3));
  CHECK(slice_cost(by_width, half).frozen_parameters == (16 * 4 + 4) + (4 * 3 + 3) + (3 * 3 + 3));
}

TEST_CASE("adapters go to the dense layers that are named, and train adds to them") {
  TransformerOptions transformer;
  transformer.embedding = 8, transformer.heads = 2, transformer.ffn = 16, transformer.layers = 1;
  const Shape plain = build_shape(transformer, {InputKind::tokens, 1, 1, 5, 11});
  const auto names_of = [&](const std::vector<std::string>& words) {
    std::vector<std::string> names;
    const Shape shape = with_adapters(plain, {2, words, AdapterOptions::Cut::rank});
    for (const Adapter& adapter : shape.adapters)
      names.push_back(shape.tensors[static_cast<std::size_t>(adapter.weight)].name);
    return names;
  };
  const std::vector<std::string> attention = {"layer1.query.weight", "layer1.key.weight", "layer1.value.weight",
                                              "layer1.projection.weight"};
  CHECK(names_of({"attention"}) == attention);
  CHECK(names_of({}).size() == 6);
  CHECK(names_of({"all"}).size() == 6);
  CHECK(names_of({"layer1.ffn1", "layer1.query"}) ==
        std::vector<std::string>{"layer1.query.weight", "layer1.ffn1.weight"});
  for (const char* other : {"classifier", "norm", "embedding"})
    CHECK_THROWS_WITH(names_of({other}), ContainsSubstring("which is no dense layer in front of the classifier"));
  CHECK_THROWS_AS(names_of({"atention"}), UserError);

  Shape shape = with_adapters(plain, {2, {"layer1.ffn1"}, AdapterOptions::Cut::rank});
  keep_trained(shape, {"classifier"});
  CHECK(trained_tensors(shape) == std::vector<std::string>{"classifier.weight", "classifier.bias",
                                                           "layer1.ffn1.lora_a.weight", "layer1.ffn1.lora_b.weight"});
  // What starts from a file needs no adapters in it.
  TensorFile file;
  for (const ParameterTensor& tensor : plain.tensors) {
    NamedTensor values{tensor.name, {}, {}};
    for (const Dim& dim : tensor.dims) values.sizes.push_back(dim.size);
    file.tensors.push_back(values);
  }
  CHECK_NOTHROW(check_start_values(file, "f", shape, {}));
}

TEST_CASE("merged adapters are W + B A, and gone") {
  const TensorFile merged = merged_adapters({{},
                                             {{"fc.weight", {2, 3}, {1, 2, 3, 4, 5, 6}},
                                              {"fc.bias", {2}, {7, 8}},
                                              {"fc.lora_a.weight", {1, 3}, {1, 10, 100}},
                                              {"fc.lora_b.weight", {2, 1}, {2, -1}},
                                              {"other.lora_a.weight", {1, 3}, {1, 1, 1}}}});
  REQUIRE(merged.tensors.size() == 3);
  CHECK(merged.tensors[0].values == std::vector<float>{3, 22, 203, 3, -5, -94});
  CHECK(merged.tensors[1].name == "fc.bias");
  CHECK(merged.tensors[2].name == "other.lora_a.weight");
}
