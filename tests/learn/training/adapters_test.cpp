// LoRA in training: what the adapters add, and what they can learn.
#include "sim/shape/adapters.hpp"

#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/local_training.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/shape/start_values.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

int tensor_of(const Shape& shape, const std::string& name) {
  for (std::size_t t = 0; t < shape.tensors.size(); ++t)
    if (shape.tensors[t].name == name) return static_cast<int>(t);
  FAIL(name);
  return -1;
}

at::Tensor trained_values(const World& world, const at::Tensor& start) {
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const Batches batches(world.data, world.shape);
  const TrainingContext context{world.shape, full, batches, world.training, world.method.objective, false, world.seed};
  TrainingJob job;
  job.task.slice = full_slice(world.shape);
  job.source = start;
  job.samples = &world.parts.samples.front();
  return train(context, job).values;
}

}  // namespace

TEST_CASE("a model with new adapters computes what it computed without them") {
  TransformerOptions transformer;
  transformer.embedding = 16, transformer.heads = 2, transformer.ffn = 32, transformer.layers = 2,
  transformer.window = 8;
  const auto check = [](const Dataset& data, const ModelOptions& model) {
    const Shape plain = shape_for(model, data), adapted = with_adapters(plain, {3, {}, AdapterOptions::Cut::rank});
    const ParameterLayout full(plain, full_slice(plain)), wide(adapted, full_slice(adapted));
    const std::vector<std::int32_t> samples = {0, 1, 2, 3};
    const Batch batch = Batches(data, plain).make(Batches::Part::train, samples.data(), 4, 0);
    const Net net(plain), both(adapted);
    const auto logits = net.forward(batch.input, full.views(initial_values(plain, full, 1)), Pass()).logits;
    at::Tensor start = initial_values(adapted, wide, 1);
    CHECK(at::equal(logits, both.forward(batch.input, wide.views(start), Pass()).logits));
    // With other values of B it does not.
    wide.view(start, adapted.adapters.front().up).fill_(0.5);
    CHECK_FALSE(at::allclose(logits, both.forward(batch.input, wide.views(start), Pass()).logits));
  };
  check(images(4, 8, 1, 20, 10), MlpOptions{{16, 12}});
  check(text(7, 8, 20, 10), transformer);
}

TEST_CASE("LoRA of full rank on a dense layer can represent the dense update") {
  World dense(images(4, 8, 1, 60, 10), MlpOptions{{12, 6}}, 1);
  dense.training.learning_rate = 0.3;
  dense.training.local_steps = 1;
  World lora = dense;
  keep_trained(dense.shape, {"hidden2"});
  lora.shape = with_adapters(lora.shape, {6, {"hidden2"}, AdapterOptions::Cut::rank});
  keep_trained(lora.shape, {});
  const ParameterLayout full(dense.shape, full_slice(dense.shape)), wide(lora.shape, full_slice(lora.shape));
  const at::Tensor before = initial_values(dense.shape, full, 3);
  // With B the identity and A zero, B A moves as the weight itself does.
  at::Tensor start = initial_values(lora.shape, wide, 3);
  const Adapter& adapter = lora.shape.adapters.front();
  wide.view(start, adapter.down).zero_();
  wide.view(start, adapter.up).copy_(at::eye(6));
  const at::Tensor after = trained_values(dense, before), adapted = trained_values(lora, start);
  const int weight = tensor_of(dense.shape, "hidden2.weight");
  const at::Tensor update = full.view(after, weight) - full.view(before, weight);
  const at::Tensor product = at::matmul(wide.view(adapted, adapter.up), wide.view(adapted, adapter.down));
  CHECK(update.abs().max().item<float>() > 1e-3);
  CHECK(at::allclose(product, update, 1e-4, 1e-7));
  CHECK(at::equal(wide.view(adapted, adapter.weight), full.view(before, weight)));

  // Several steps of a small rank lower the loss, and leave everything else as it was.
  lora.training.local_steps.reset();
  lora.training.local_epochs = 20;
  const at::Tensor later = trained_values(lora, initial_values(lora.shape, wide, 3));
  for (std::size_t t = 0; t < lora.shape.tensors.size(); ++t) {
    const int tensor = static_cast<int>(t);
    INFO(lora.shape.tensors[t].name);
    CHECK(at::equal(wide.view(later, tensor), wide.view(initial_values(lora.shape, wide, 3), tensor)) ==
          !lora.shape.tensors[t].is_trained);
  }
}
