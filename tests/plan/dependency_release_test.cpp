#include "sim/plan/dependency_release.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "sim/base/random.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

/// Steps whose predecessors, kinds and outcomes are drawn at random.
struct Drawn {
  RoundPlan plan;
  std::vector<bool> succeeds;  ///< if it is started
};

Drawn draw_plan(Random& random) {
  Drawn drawn;
  const auto steps = static_cast<StepId>(1 + random() % 30);
  for (StepId id = 0; id < steps; ++id) {
    Step step{Compute{0, 1}, 0, {}};
    for (StepId earlier = 0; earlier < id; ++earlier)
      if (random() % 8 == 0) step.after.push_back(earlier);
    step.starts_when_any_done = random() % 3 == 0;
    drawn.plan.steps.push_back(std::move(step));
    drawn.succeeds.push_back(random() % 5 != 0);
  }
  return drawn;
}

/// Whether each step is started, from the definition: predecessors have smaller ids.
std::vector<bool> started_by_definition(const Drawn& drawn) {
  std::vector<bool> started, done;
  for (std::size_t id = 0; id < drawn.plan.steps.size(); ++id) {
    const Step& step = drawn.plan.steps[id];
    const auto is_done = [&](StepId earlier) { return done[static_cast<std::size_t>(earlier)]; };
    const bool starts =
        step.after.empty() || (step.starts_when_any_done ? std::any_of(step.after.begin(), step.after.end(), is_done)
                                                         : std::all_of(step.after.begin(), step.after.end(), is_done));
    started.push_back(starts);
    done.push_back(starts && drawn.succeeds[id]);
  }
  return started;
}

RoundPlan plan_of(std::vector<Step> steps) {
  RoundPlan plan;
  plan.steps = std::move(steps);
  return plan;
}

}  // namespace

TEST_CASE("every step is started or skipped once, as the definition says, in whatever order steps end") {
  Random random(7);
  for (int sample = 0; sample < 500; ++sample) {
    const Drawn drawn = draw_plan(random);
    DependencyRelease release(drawn.plan);
    std::vector<std::optional<bool>> started(drawn.plan.steps.size());
    std::set<StepId> ended;
    const auto decide = [&](StepId id, bool starts) {
      REQUIRE_FALSE(started[static_cast<std::size_t>(id)]);
      started[static_cast<std::size_t>(id)] = starts;
    };
    std::vector<StepId> running = release.initial();
    for (const StepId id : running) decide(id, true);
    while (!running.empty()) {
      shuffle(running, random);
      const StepId id = running.back();
      running.pop_back();
      ended.insert(id);
      const DependencyRelease::Decided& decided = release.ended(id, drawn.succeeds[static_cast<std::size_t>(id)]);
      for (const StepId skipped : decided.skipped) {
        decide(skipped, false);
        ended.insert(skipped);
      }
      for (const StepId ready : decided.ready) {
        decide(ready, true);
        for (const StepId earlier : drawn.plan.steps[static_cast<std::size_t>(ready)].after)
          CHECK(ended.count(earlier) == 1);
        running.push_back(ready);
      }
    }
    const std::vector<bool> expected = started_by_definition(drawn);
    for (std::size_t id = 0; id < expected.size(); ++id) {
      REQUIRE(started[id]);
      CHECK(*started[id] == expected[id]);
    }
  }
}

TEST_CASE("a step that needs all of its predecessors is skipped as soon as one fails") {
  DependencyRelease release(
      plan_of({{Compute{}, 0, {}}, {Compute{}, 0, {}}, {Compute{}, 0, {0, 1}}, {Compute{}, 0, {2}}}));
  CHECK(release.initial() == std::vector<StepId>{0, 1});
  CHECK(release.ended(1, false).skipped == std::vector<StepId>{2, 3});
  const auto& afterwards = release.ended(0, true);
  CHECK(afterwards.ready.empty());
  CHECK(afterwards.skipped.empty());
}

TEST_CASE("a step that starts when any is done waits for all to end, and is skipped if none was done") {
  const RoundPlan plan = plan_of({{Compute{}, 0, {}}, {Compute{}, 0, {}}, {Compute{}, 0, {0, 1}, true}});
  DependencyRelease one_done(plan);
  CHECK(one_done.ended(0, true).ready.empty());
  CHECK(one_done.ended(1, false).ready == std::vector<StepId>{2});
  DependencyRelease none_done(plan);
  CHECK(none_done.ended(0, false).skipped.empty());
  CHECK(none_done.ended(1, false).skipped == std::vector<StepId>{2});
}
