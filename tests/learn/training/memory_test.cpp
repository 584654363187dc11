// The memory that plans charge for a local training, held against what LibTorch's allocator hands out during one.
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>

#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/local_training.hpp"
#include "sim/method/task_costs.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/adapters.hpp"
#include "sim/shape/depth.hpp"
#include "sim/shape/exits.hpp"
#include "sim/shape/start_values.hpp"
#include "tests/learn/layer_files.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

/// Hears of every tensor that this thread's allocations make and free.
class AllocationMeter : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, std::int64_t size, std::int64_t, std::int64_t, c10::Device) override {
    held_ += size;
    peak_ = std::max(peak_, held_);
  }
  bool memoryProfilingEnabled() const override { return true; }
  double peak() const { return static_cast<double>(peak_); }

 private:
  std::int64_t held_ = 0, peak_ = 0;
};

struct Figures {
  double planned = 0, measured = 0;
};

// A first training leaves the kernels that are kept for the next ones. The second is heard from the moment at which
// the device has its sub-model; an objective that compares the model with that one gathers a copy of its own.
Figures figures_of(const World& world, const WidthSlice& slice) {
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const Batches batches(world.data, world.shape);
  TrainingContext context{world.shape, full, batches, world.training, world.method.objective, false, world.seed};
  context.nested = world.method.split.nested;
  const SliceMap map(world.shape, full, slice);
  const ObjectiveRow& objective = facts_of(world.method.objective.kind);
  TrainingJob job;
  job.task.slice = slice;
  job.source = initial_values(world.shape, full, world.seed);
  if (objective.parameter_copies + objective.frozen_models == 0) job.start = gather(map, job.source);
  job.classes.assign(static_cast<std::size_t>(world.shape.classes), true);
  job.samples = &world.parts.samples.front();
  job.variate_server = job.variate_device = at::zeros_like(job.source);
  train(context, job);

  const auto meter = std::make_shared<AllocationMeter>();
  {
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
    if (objective.contrasts()) job.negatives = {{slice, gather(map, job.source)}};
    train(context, job);
  }
  Fleet fleet;
  fleet.devices.resize(1);
  const ConstraintOptions constraints;
  const PlannerSetup setup{world.shape,
                           fleet,
                           world.method,
                           world.training,
                           constraints,
                           {static_cast<std::int64_t>(job.samples->size())},
                           0,
                           world.seed,
                           ""};
  return {TaskCosts(setup).peak_memory_bytes(0, slice), meter->peak()};
}

World pictures(const ModelOptions& model) {
  World world(images(10, 32, 3, 30, 10), model, 1);
  world.training.batch = 10;
  return world;
}

World words(const ModelOptions& model, int window) {
  World world(text(80, window, 30, 10), model, 1);
  world.training.batch = 10;
  return world;
}

void check_memory(const World& world, const WidthSlice& slice, double margin = 0.1) {
  const Figures figures = figures_of(world, slice);
  CAPTURE(world.shape.name, figures.planned, figures.measured, figures.planned / figures.measured);
  CHECK(figures.planned / figures.measured == Approx(1).margin(margin));
}

void check_memory(const World& world, double rate = 1, double margin = 0.1) {
  INFO("rate " << rate);
  check_memory(world, window_slice(world.shape, rate), margin);
}

}  // namespace

TEST_CASE("the memory of a training is what the allocator hands out at most, whatever the model") {
  CnnOptions cnn;
  cnn.channels = {16, 32, 64};
  check_memory(pictures(cnn));
  cnn.norm = NormKind::none;
  cnn.dense = {128};
  check_memory(pictures(cnn));
  check_memory(pictures(MlpOptions{{256, 128}}));
  for (const double rate : {1.0 / 16, 0.25, 1.0}) check_memory(pictures(ResNetOptions{}), rate);
  TransformerOptions transformer;
  transformer.embedding = 64, transformer.heads = 4, transformer.ffn = 256, transformer.layers = 3,
  transformer.window = 32;
  check_memory(words(transformer, transformer.window));
  LstmOptions lstm;
  lstm.embedding = 32, lstm.hidden = 64, lstm.window = 24;
  check_memory(words(lstm, lstm.window));
}

TEST_CASE("the memory of a training is what the allocator hands out at most, for models from files") {
  for (const double rate : {0.25, 1.0}) {
    check_memory(pictures(file_model("mobilenet-v2", {{"stem_stride", "1"}})), rate);
    check_memory(pictures(file_model("resnet18-imagenet", {})), rate);
    check_memory(pictures(file_model("resnet50", {{"blocks", "1 2 2 1"}})), rate);
    check_memory(pictures(file_model("vit-tiny", {{"patch", "4"}, {"layers", "3"}})), rate);
    check_memory(pictures(file_model("vgg11", {{"units", "512"}})), rate);
    check_memory(words(file_model("gpt2-small", {{"features", "96"}, {"layers", "3"}}), 32), rate);
  }
}

TEST_CASE("the memory of a training holds without the blocks that the sub-model leaves out") {
  TransformerOptions transformer;
  transformer.embedding = 64, transformer.heads = 4, transformer.ffn = 256, transformer.layers = 4,
  transformer.window = 32;
  for (World world : {pictures(ResNetOptions{}), words(transformer, transformer.window)}) {
    world.shape = with_depth(world.shape);
    for (const double rate : {0.25, 1.0})
      for (const double depth : {0.25, 0.75}) {
        INFO("rate " << rate << ", depth " << depth);
        check_memory(world, fixed_slice(world.shape, rate, depth));
      }
  }
}

TEST_CASE("the memory of a training holds with classifiers behind stages") {
  ResNetOptions resnet;
  resnet.blocks = {2, 2, 2, 2};
  for (const ObjectiveKind objective : {ObjectiveKind::mutual_exits, ObjectiveKind::taught_exits}) {
    World world = pictures(resnet);
    world.method.objective.kind = objective;
    world.method.objective.weight = 1;
    world.method.objective.distil_from = 0;
    world.shape = with_exits(world.shape, 4, true, objective == ObjectiveKind::mutual_exits);
    for (const double depth : {0.25, 0.75, 1.0}) {
      INFO("depth " << depth);
      check_memory(world, fixed_slice(world.shape, 1, depth));
    }
  }
  // Of a language model predictions are what takes most.
  TransformerOptions transformer;
  transformer.embedding = 32, transformer.heads = 2, transformer.ffn = 64, transformer.layers = 2,
  transformer.window = 32;
  for (const ObjectiveKind objective : {ObjectiveKind::mutual_exits, ObjectiveKind::taught_exits}) {
    World world = words(transformer, transformer.window);
    world.method.objective.kind = objective;
    world.method.objective.weight = 1;
    world.method.objective.distil_from = 0;
    world.shape = with_exits(world.shape, 4, true, objective == ObjectiveKind::mutual_exits);
    for (const double depth : {0.5, 1.0}) {
      INFO("words, depth " << depth);
      check_memory(world, fixed_slice(world.shape, 1, depth));
    }
  }
  World last = pictures(resnet);
  last.shape = with_exits(last.shape, 4, false, false);
  check_memory(last, fixed_slice(last.shape, 0.5, 0.5));
}

TEST_CASE("the memory of a training holds with frozen layers") {
  for (const char* trained : {"classifier", "norm", "stage3"}) {
    World world = pictures(ResNetOptions{});
    keep_trained(world.shape, {trained, "classifier"});
    check_memory(world);
    world.training.momentum = 0.9;
    check_memory(world, 0.25);
  }
  World world = pictures(MlpOptions{{512, 256}});
  keep_trained(world.shape, {"hidden2"});
  world.training.optimiser = TrainingOptions::Optimiser::adam;
  check_memory(world);
}

TEST_CASE("the memory of a training holds with adapters") {
  World world = pictures(MlpOptions{{512, 256}});
  world.shape = with_adapters(world.shape, {16, {}, AdapterOptions::Cut::rank});
  keep_trained(world.shape, {});
  check_memory(world);
  world.training.momentum = 0.9;
  check_memory(world, 0.25);
  world = words(file_model("gpt2-small", {{"features", "96"}, {"layers", "3"}}), 32);
  for (const char* layers : {"attention", "dense"}) {
    World lora = world;
    lora.shape = with_adapters(lora.shape, {8, {layers}, AdapterOptions::Cut::rank});
    keep_trained(lora.shape, {});
    check_memory(lora);
    lora.training.optimiser = TrainingOptions::Optimiser::adam;
    check_memory(lora, 0.5);
  }
}

TEST_CASE("the memory of a training holds with the state of optimisers, clipping and every objective's copies") {
  World world = pictures(CnnOptions{});
  world.training.momentum = 0.9;
  check_memory(world);
  world = pictures(MlpOptions{{512, 256}});
  world.training.clip_norm = 1;
  check_memory(world);
  world.training.momentum = 0.9;
  check_memory(world);
  world.training.optimiser = TrainingOptions::Optimiser::adam;
  check_memory(world);
  for (const ObjectiveRow& objective : kObjectives) {
    INFO(objective.name);
    if (objective.value == ObjectiveKind::mutual_exits || objective.value == ObjectiveKind::taught_exits)
      continue;  // of models with exits, above
    world = pictures(ResNetOptions{});
    world.method.objective.kind = objective.value;
    if (objective.weight_example) world.method.objective.weight = 0.1;
    check_memory(world, 0.25);
    world = pictures(MlpOptions{{512, 256}});
    world.method.objective.kind = objective.value;
    if (objective.weight_example) world.method.objective.weight = 0.1;
    check_memory(world, 0.25);
  }
}

TEST_CASE("a step at a drawn width holds copies of what it trains, and with self-distillation the whole gradient") {
  for (const bool distils : {false, true})
    for (World world : {pictures(MlpOptions{{256, 128}}), pictures(ResNetOptions{})}) {
      world.method.split.rule = SplitRule::fixed;
      world.method.split.nested = {{0.5, 0.9, 1}, distils};
      world.training.local_steps = 12;  // every width is drawn
      // The plan adds all copies up; those of the last layers are gone when the first ones' gradients arise.
      check_memory(world, 1, world.shape.name == "mlp" ? 0.1 : 0.2);
    }
}
