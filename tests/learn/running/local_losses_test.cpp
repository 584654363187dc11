// What selections are told: losses before and after training, accuracies by class.
#include <cmath>

#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

MlpOptions perceptron() {
  MlpOptions model;
  model.hidden = {6};
  return model;
}

World world_of(int samples_of_device) {
  World world(images(3, 4, 1, 3 * samples_of_device, 40), perceptron(), 3);
  world.method.name = world.method.label = "test";
  world.training.batch = samples_of_device;
  world.training.local_epochs = 1;
  return world;
}

std::vector<std::pair<NodeId, WidthSlice>> everybody(const World& world) {
  std::vector<std::pair<NodeId, WidthSlice>> all;
  for (NodeId device = 0; device < world.devices(); ++device) all.emplace_back(device, full_slice(world.shape));
  return all;
}

}  // namespace

TEST_CASE("a device's loss before is that of a first step on all its samples") {
  const World world = world_of(12);
  const auto learner = world.learner();
  const std::vector<double> before = learner->losses_before(everybody(world), 0, false);
  const std::vector<double> of_batch = learner->losses_before(everybody(world), 0, true);
  const std::vector<TaskOutcome> outcomes = play(*learner, world, world.round(0));
  REQUIRE(outcomes.size() == 3);
  for (std::size_t device = 0; device < 3; ++device) {
    CHECK(before[device] == Approx(outcomes[device].mean_loss).epsilon(1e-5));
    CHECK(of_batch[device] == Approx(before[device]).epsilon(1e-5));  // one batch is all of them
  }
  CHECK(learner->losses_before(everybody(world), 1, false) != before);
}

TEST_CASE("losses before do not depend on the number of workers, and leave the learner as it was") {
  World world = world_of(12);
  const auto one = world.learner();
  world.workers = 2;
  const auto two = world.learner();
  const std::string state = state_of(*one);
  CHECK(one->losses_before(everybody(world), 0, false) == two->losses_before(everybody(world), 0, false));
  CHECK(state_of(*one) == state);
}

TEST_CASE("trainings report the root of their samples' mean squared loss only where it is asked for") {
  World world = world_of(1);  // one sample each: its loss is the mean loss
  CHECK(std::isnan(play(*world.learner(), world, world.round(0)).front().sample_loss));
  world.method.selection.kind = SelectionKind::oort;
  for (const TaskOutcome& outcome : play(*world.learner(), world, world.round(0)))
    CHECK(outcome.sample_loss == Approx(outcome.mean_loss).epsilon(1e-6));

  World more = world_of(12);
  more.training.batch = 1;
  more.training.learning_rate = 0;
  more.method.selection.kind = SelectionKind::oort;
  const auto learner = more.learner();
  const std::vector<TaskOutcome> once = play(*learner, more, more.round(0));
  CHECK(once.front().sample_loss > once.front().mean_loss);  // of unequal losses
  more.training.local_epochs = 2;                            // a second epoch of the same losses is not counted
  CHECK(play(*more.learner(), more, more.round(0)).front().sample_loss ==
        Approx(once.front().sample_loss).epsilon(1e-6));
}

TEST_CASE("accuracies by class, weighted by the classes' test samples, are the accuracy") {
  const World world = world_of(12);
  const auto learner = world.learner();
  play(*learner, world, 3);
  const std::vector<double> now = learner->class_accuracies();
  const Evaluation evaluation = evaluate(*learner);
  CHECK(now == evaluation.class_accuracies);
  REQUIRE(now.size() == 3);
  std::vector<double> held(3, 0);
  for (const std::int32_t label : world.data.test_images.labels) ++held[static_cast<std::size_t>(label)];
  double sum = 0;
  for (std::size_t c = 0; c < 3; ++c) sum += held[c] * now[c];
  CHECK(sum / 40 == Approx(evaluation.global_accuracy));
  World other(text(12, 8, 20, 4), LstmOptions{}, 2);
  other.method.name = other.method.label = "test";
  CHECK(evaluate(*other.learner()).class_accuracies.empty());
}
