#include "sim/learn/training/local_training.hpp"

#include <array>
#include <cmath>
#include <map>

#include "sim/base/error.hpp"
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/job_groups.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {
Trained train_device(const World& world, int device, const WidthSlice& slice) {
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const Batches batches(world.data, world.shape);
  const TrainingContext context{world.shape, full, batches, world.training, world.method.objective, false, world.seed};
  TrainingJob job;
  job.task.device = device;
  job.task.slice = slice;
  job.source = initial_values(world.shape, full, world.seed);
  job.samples = &world.parts.samples[static_cast<std::size_t>(device)];
  return train(context, job);
}
}  // namespace

TEST_CASE("training lowers the loss of every model, in full and in slices") {
  CnnOptions cnn;
  cnn.channels = {8, 16};
  TransformerOptions transformer;
  transformer.embedding = 16, transformer.heads = 2, transformer.ffn = 32, transformer.layers = 1,
  transformer.window = 8;
  LstmOptions lstm;
  lstm.embedding = 12, lstm.hidden = 16, lstm.window = 8;
  const Dataset pictures = images(4, 8, 1, 160, 100), words = text(7, 8, 160, 50);
  for (const auto& [data, model, chance] :
       {std::tuple(pictures, ModelOptions(MlpOptions{{16}}), 0.25), std::tuple(pictures, ModelOptions(cnn), 0.25),
        std::tuple(words, ModelOptions(transformer), 1.0 / 7), std::tuple(words, ModelOptions(lstm), 1.0 / 7)}) {
    World world(data, model, 1);
    world.training.optimiser = TrainingOptions::Optimiser::adam;
    world.training.learning_rate = 0.01;
    world.training.local_epochs = 4;
    world.method.merge.kind = MergeKind::overlap_mean;
    const auto learner = world.learner();
    play(*learner, world, 1, {window_slice(world.shape, 0.5, 1)});
    const Evaluation result = evaluate(*learner);
    INFO(world.shape.name);
    REQUIRE(*result.submodel_accuracy > 2 * chance);
  }
}

TEST_CASE("the order of a device's samples depends on seed, device and round alone") {
  World world(images(4, 6, 1, 60, 10), MlpOptions{{8}}, 3);
  world.parts.samples[1] = world.parts.samples[0];
  const WidthSlice slice = window_slice(world.shape, 0.5);
  const Trained first = train_device(world, 0, slice), again = train_device(world, 0, slice);
  REQUIRE(at::equal(first.values, again.values));
  REQUIRE(first.mean_loss == again.mean_loss);
  REQUIRE_FALSE(at::equal(first.values, train_device(world, 1, slice).values));
  world.seed = 4;
  REQUIRE_FALSE(at::equal(first.values, train_device(world, 0, slice).values));
}

TEST_CASE("local steps replace epochs and continue past the end of the data") {
  World world(images(4, 6, 1, 20, 10), MlpOptions{{8}}, 1);
  const WidthSlice slice = full_slice(world.shape);
  const Trained epochs = [&] {
    world.training.local_epochs = 2;  // 3 batches each: 8, 8, 4
    return train_device(world, 0, slice);
  }();
  world.training.local_steps = 6;
  REQUIRE(at::equal(train_device(world, 0, slice).values, epochs.values));
  world.training.local_steps = 5;
  REQUIRE_FALSE(at::equal(train_device(world, 0, slice).values, epochs.values));
}

TEST_CASE("a loss that diverges ends the run with round, device and last finite loss") {
  World world(images(4, 6, 1, 60, 10), MlpOptions{{8}}, 2);
  world.training.learning_rate = 1e30;
  const auto learner = world.learner();
  RoundPlan plan = world.round(4);
  learner->start(plan, all_tasks(plan));
  REQUIRE_THROWS_AS(learner->merge(plan, to_server(plan, 2)), RunError);
  const auto again = world.learner();
  again->start(plan, all_tasks(plan));
  REQUIRE_THROWS_WITH(again->merge(plan, to_server(plan, 2)), ContainsSubstring("round 4, device 0") &&
                                                                  ContainsSubstring("last finite loss") &&
                                                                  ContainsSubstring("layer"));
}

namespace {

// Jobs of all devices of a world, each with a slice of its own.
struct Jobs {
  explicit Jobs(const World& of) : world(of), full(of.shape, full_slice(of.shape)), batches(of.data, of.shape) {
    for (int device = 0; device < world.devices(); ++device) {
      TrainingJob job;
      job.task.device = device;
      job.task.slice = window_slice(world.shape, 0.5, device);
      job.source = initial_values(world.shape, full, world.seed);
      job.samples = &world.parts.samples[static_cast<std::size_t>(device)];
      const at::Tensor last =
          gather(SliceMap(world.shape, full, job.task.slice), initial_values(world.shape, full, world.seed + 1));
      job.negatives = {{job.task.slice, last}};
      jobs.push_back(job);
    }
  }

  TrainingContext context() const {
    return {world.shape, full, batches, world.training, world.method.objective, false, world.seed};
  }
  std::vector<TrainingResult> together() const { return train_together(context(), jobs); }

  const World& world;
  ParameterLayout full;
  Batches batches;
  std::vector<TrainingJob> jobs;
};

World unequal_world() {
  World world(images(4, 6, 1, 120, 10), MlpOptions{{12, 10}}, 5);
  world.parts.samples[1].resize(3);
  world.parts.samples[2].clear();
  world.parts.samples[4].resize(17);
  world.training.local_epochs = 2;
  return world;
}

}  // namespace

TEST_CASE("jobs that train together give the bits of each alone") {
  World world = unequal_world();
  if (!can_train_together(Jobs(world).context())) return;
  using Optimiser = TrainingOptions::Optimiser;
  for (const ObjectiveKind objective :
       {ObjectiveKind::cross_entropy, ObjectiveKind::proximal, ObjectiveKind::contrastive})
    for (const auto& [optimiser, momentum, clip] :
         {std::tuple(Optimiser::sgd, 0.0, 0.0), std::tuple(Optimiser::sgd, 0.9, 0.0),
          std::tuple(Optimiser::sgd, 0.0, 0.5), std::tuple(Optimiser::adam, 0.0, 0.5)}) {
      CAPTURE(static_cast<int>(objective), static_cast<int>(optimiser), momentum, clip);
      world.method.objective.kind = objective;
      world.method.objective.weight = 0.3;
      world.training.optimiser = optimiser;
      world.training.momentum = momentum;
      world.training.clip_norm = clip > 0 ? std::optional<double>(clip) : std::nullopt;
      const Jobs jobs(world);
      const std::vector<TrainingResult> together = jobs.together();
      REQUIRE(together.size() == 5);
      for (std::size_t i = 0; i < together.size(); ++i) {
        const Trained alone = train(jobs.context(), jobs.jobs[i]), &found = together[i].trained;
        REQUIRE_FALSE(together[i].error);
        REQUIRE(found.device == static_cast<int>(i));
        REQUIRE(at::equal(found.values, alone.values));
        REQUIRE(at::equal(found.start, alone.start));
        if (i == 2)
          REQUIRE(std::isnan(found.mean_loss));  // no samples
        else
          REQUIRE(found.mean_loss == alone.mean_loss);
      }
    }
}

TEST_CASE("a job that diverges in a group ends as it does alone, and so do the others") {
  const World world = unequal_world();
  Jobs jobs(world);
  if (!can_train_together(jobs.context())) return;
  jobs.jobs[3].source = jobs.jobs[3].source * 1e30;
  const std::vector<TrainingResult> together = jobs.together();
  for (std::size_t i = 0; i < together.size(); ++i) {
    if (i != 3) {
      REQUIRE_FALSE(together[i].error);
      REQUIRE(at::equal(together[i].trained.values, train(jobs.context(), jobs.jobs[i]).values));
      continue;
    }
    std::string alone, found;
    try {
      train(jobs.context(), jobs.jobs[i]);
    } catch (const RunError& error) {
      alone = error.what();
    }
    REQUIRE(together[i].error);
    try {
      std::rethrow_exception(together[i].error);
    } catch (const RunError& error) {
      found = error.what();
    }
    REQUIRE_THAT(found, ContainsSubstring("device 3"));
    REQUIRE(found == alone);
  }
}

TEST_CASE("jobs of a group that diverge in different steps report what each reports alone") {
  World world = unequal_world();
  if (!can_train_together(Jobs(world).context())) return;
  for (const double momentum : {0.0, 0.9}) {
    world.training.momentum = momentum;
    world.training.learning_rate = 1e12;
    world.training.local_epochs = 9;
    const Jobs jobs(world);
    const std::vector<TrainingResult> together = jobs.together();
    int diverged = 0, later = 0;
    for (std::size_t i = 0; i < together.size(); ++i) {
      std::string alone, found;
      try {
        train(jobs.context(), jobs.jobs[i]);
      } catch (const RunError& error) {
        alone = error.what();
      }
      try {
        if (together[i].error) std::rethrow_exception(together[i].error);
      } catch (const RunError& error) {
        found = error.what();
      }
      REQUIRE(found == alone);
      diverged += alone.empty() ? 0 : 1;
      later += alone.find("last finite loss") != std::string::npos ? 1 : 0;
    }
    REQUIRE(diverged > 1);
    REQUIRE(later > 1);
  }
}

TEST_CASE("small jobs of equal sizes are grouped, and every worker gets some") {
  World world(images(4, 6, 1, 120, 10), MlpOptions{{20}}, 10);
  Jobs jobs(world);
  if (!can_train_together(jobs.context())) return;
  const auto sizes = [&](int workers) {
    std::vector<std::size_t> found;
    for (const auto& group : groups_of(jobs.jobs, jobs.context(), workers)) {
      for (const TrainingJob& job : group)
        REQUIRE(job.task.slice.axes[0].length() == group.front().task.slice.axes[0].length());
      found.push_back(group.size());
    }
    return found;
  };
  REQUIRE(sizes(1) == std::vector<std::size_t>{5, 5});
  REQUIRE(sizes(2) == std::vector<std::size_t>{2, 3, 2, 3});
  REQUIRE(sizes(5) == std::vector<std::size_t>(10, 1));
  jobs.jobs[4].task.slice = full_slice(world.shape);
  REQUIRE(sizes(1) == std::vector<std::size_t>{4, 1, 5});

  const World large(images(4, 6, 1, 120, 10), MlpOptions{{6000}}, 4);
  REQUIRE(groups_of(Jobs(large).jobs, Jobs(large).context(), 1).size() == 2);
  const World larger(images(4, 6, 1, 120, 10), MlpOptions{{12000}}, 4);
  REQUIRE(groups_of(Jobs(larger).jobs, Jobs(larger).context(), 1).size() == 4);

  // Three widths share the groups in proportion to their cost.
  const World mixed(images(4, 6, 1, 120, 10), MlpOptions{{20}}, 24);
  Jobs of_three(mixed);
  for (std::size_t i = 0; i < 24; ++i) {
    TrainTask& task = of_three.jobs[i].task;
    task.slice = window_slice(mixed.shape, std::array{0.1, 0.2, 0.5}[i % 3]);
    task.training_flops = std::array{1.0, 2.0, 5.0}[i % 3];
  }
  std::map<int, std::size_t> groups;
  for (const auto& group : groups_of(of_three.jobs, of_three.context(), 4))
    ++groups[group.front().task.slice.axes[0].length()];
  REQUIRE(groups == std::map<int, std::size_t>{{2, 1}, {4, 2}, {10, 5}});

  CnnOptions cnn;
  cnn.channels = {8};
  const World convolutions(images(4, 6, 1, 120, 10), cnn, 4);
  REQUIRE(groups_of(Jobs(convolutions).jobs, Jobs(convolutions).context(), 1).size() == 4);
}

TEST_CASE("the scaler divides activations before norms during training") {
  CnnOptions cnn;
  cnn.channels = {8};
  cnn.norm = NormKind::group;
  World world(images(4, 6, 1, 60, 10), cnn, 1);
  const auto train_at = [&](bool scaler) {
    world.method.objective.scaler = scaler;
    const auto learner = world.learner();
    RoundPlan plan = world.round(0, {window_slice(world.shape, 0.5)});
    plan.tasks[0].split = 0.5;
    return play(*learner, world, plan).front().mean_loss;
  };
  // A norm cancels a factor up to its epsilon: close, not equal.
  REQUIRE(train_at(true) == Approx(train_at(false)).epsilon(0.01));
  REQUIRE(train_at(true) != train_at(false));
}

TEST_CASE("with all data on one node the training sees all samples") {
  World world(images(4, 6, 1, 60, 10), MlpOptions{{8}}, 3);
  world.method.exchange.kind = ExchangeKind::central;
  world.method.merge.kind = MergeKind::none;
  const auto learner = world.learner();
  RoundPlan plan = world.round(0);
  plan.tasks.resize(1);
  plan.tasks[0].device = 3;
  learner->start(plan, {plan.tasks[0].id});
  const Evaluation untrained = evaluate(*learner);
  REQUIRE(learner->merge(plan, {}).size() == 1);
  const Evaluation result = evaluate(*learner);
  REQUIRE_FALSE(result.submodel_accuracy.has_value());
  REQUIRE(result.global_loss < untrained.global_loss);
}
