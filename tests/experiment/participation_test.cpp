#include "sim/experiment/participation.hpp"

#include "sim/method/registry.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/models.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("participation tells who trained which slice and what arrived where, and nothing else") {
  const Shape shape = build_shape(MlpOptions{{8}}, {InputKind::image, 1, 2, 2, 2});
  RoundPlan plan;
  for (TaskId id : {0, 1}) {
    TrainTask task;
    task.id = id;
    task.device = id;
    task.split = 0.5;
    task.slice = fixed_slice(shape, 0.5);
    plan.tasks.push_back(task);
  }
  const std::vector<TaskId> both = {0, 1};
  const std::vector<Delivery> arrived = {{0, 2}, {1, 2}};
  const std::uint32_t reference = participation(plan, both, arrived);

  RoundPlan slower = plan;
  slower.tasks[0].training_flops = 1e12;
  CHECK(participation(slower, both, arrived) == reference);
  RoundPlan shifted = plan;
  shifted.tasks[1].slice = rolling_slice(shape, 0.5, 1, 1);
  CHECK(participation(shifted, both, arrived) != reference);
  CHECK(participation(plan, {0}, arrived) != reference);
  CHECK(participation(plan, both, {{0, 2}}) != reference);
  CHECK(participation(plan, both, {{0, 2}, {1, 3}}) != reference);
}
