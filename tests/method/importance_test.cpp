// Sub-models of single weights: their bytes, and what they do not go with.
#include "sim/shape/importance.hpp"

#include <algorithm>
#include <cmath>

#include "sim/method/planner.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("kept weights are sent as floats, the way down with their places, and cost the whole model's work") {
  Bench bench(method_named("fiarse"), 4);
  const CompetingWeights weights = competing_weights(bench.shape);
  const std::int64_t all = weights.all, rest = parameter_count(bench.shape, full_slice(bench.shape)) - all;
  REQUIRE(all == 72 + 864 + 36);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  REQUIRE(plan.tasks.size() == 4);
  for (const TrainTask& task : plan.tasks) {
    // A device of each size: 1, 1/4, 1/16, 1/64.
    const double share = std::pow(0.25, task.device);
    const std::int64_t kept = weights.kept(share);
    CHECK(kept == static_cast<std::int64_t>(share * static_cast<double>(all)));
    double up = 0, down = 0;
    for (const Step& step : plan.steps)
      if (const Transfer* transfer = std::get_if<Transfer>(&step.what); transfer && step.task == task.id)
        (transfer->cargo == Cargo::trained ? up : down) += transfer->bytes;
    CHECK(up == 4 * static_cast<double>(kept + rest));
    const std::int64_t places = kept == all ? 0 : std::min(4 * kept, (all + 7) / 8);
    CHECK(down == up + static_cast<double>(places));
    CHECK(task.parameters == kept + rest);
    CHECK(task.training_flops == plan.tasks.front().training_flops);
  }
  CHECK_FALSE(planner.knows_coverage());
}
