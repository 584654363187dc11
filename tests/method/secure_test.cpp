// Rounds with secure aggregation: their steps, bytes and computing, and what a loss costs.
#include <algorithm>

#include "sim/base/error.hpp"
#include "sim/method/planner.hpp"
#include "sim/method/secure_steps.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

Method secure(const char* name) {
  Method method = method_named(name);
  method.privacy.aggregates_securely = true;
  method.privacy.aggregation.agreement_seconds = 1e-4;
  method.privacy.aggregation.sharing_seconds = 1e-2;
  method.privacy.aggregation.mask_seconds = 1e-8;
  return method;
}

double bytes(const RoundPlan& plan, NodeId from, NodeId to) {
  double sum = 0;
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what))
      if (transfer->from == from && transfer->to == to) sum += transfer->bytes;
  return sum;
}

}  // namespace

TEST_CASE("a device sends and receives the protocol's bytes beside the model") {
  const Bench bench(secure("fedavg"));
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  REQUIRE(plan.secure_sums.size() == 1);
  const double elements = 1015, k = 3;  // of the small cnn; 18 bits for a sum of 4
  CHECK(bytes(plan, 2, 4) == 2 * 32 + (3 * k + 1) * 32 + std::ceil(elements * 18 / 8));
  CHECK(bytes(plan, 4, 2) == 2 * k * 32 + 2 * k * 32 + 4 * elements);
  const SecureSum& sum = plan.secure_sums.front();
  CHECK(sum.masked.size() == 4);
  CHECK(sum.needed == 3);
  double computing = 0;
  for (const StepId step : sum.computing)
    computing += std::get<Compute>(plan.steps[static_cast<std::size_t>(step)].what).flops;
  CHECK(computing / 1e9 == Approx(4 * (2 * k * 1e-4 + 2 * 1e-2 + (k + 1) * elements * 1e-8)));
  CHECK(std::get<Compute>(plan.steps[static_cast<std::size_t>(sum.unmasking)].what).flops / 1e12 ==
        Approx(4 * (1e-2 + elements * 1e-8)));
}

TEST_CASE("devices with the same sub-model form a group") {
  Method method = secure("heterofl");
  method.split.rate.kind = RateChoice::Kind::levels;
  method.split.rate.levels = {1, 0.5};
  const Bench bench(method, 5);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  REQUIRE(plan.secure_sums.size() == 2);
  CHECK(plan.secure_sums[0].masked.size() + plan.secure_sums[1].masked.size() == 5);
  CHECK(plan.secure_sums[0].plain_bytes > plan.secure_sums[1].plain_bytes);
}

TEST_CASE("a sum is lost with too few answers, and then nothing of it arrives") {
  const Bench bench(secure("fedavg"), 6);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  const SecureSum& sum = plan.secure_sums.front();
  REQUIRE(sum.needed == 4);
  TimedRound timed = everything_done(plan);
  const auto fail = [&](StepId step) { timed.steps[static_cast<std::size_t>(step)].fate = Fate::failed; };
  fail(sum.answers[0]);
  fail(sum.answers[1]);
  CHECK(lost_in_sums(plan, timed).empty());
  fail(sum.answers[2]);
  CHECK(lost_in_sums(plan, timed) == std::set<StepId>(sum.masked.begin(), sum.masked.end()));
  timed = everything_done(plan);
  fail(sum.unmasking);
  CHECK(lost_in_sums(plan, timed).size() == 6);
}

TEST_CASE("one device alone with its sub-model never gives its sum away") {
  Bench bench(secure("fedavg"), 1);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  CHECK(lost_in_sums(plan, everything_done(plan)).size() == 1);
}

TEST_CASE("where secure aggregation has no place, its refusal says why") {
  const auto [name, encoding, says] = GENERATE(table<const char*, EncodingKind, const char*>({
      {"msfusion", EncodingKind::none, "in the sum of one server"},
      {"fedbuff", EncodingKind::none, "in the sum of one server"},
      {"local", EncodingKind::none, "in the sum of one server"},
      {"fedavg-distill", EncodingKind::none, "the server needs every device's own model"},
      {"feddropout", EncodingKind::none, "the sum of one device is its update"},
      {"fedavg", EncodingKind::int8, "one grid of levels and positions"},
      {"fedavg", EncodingKind::topk, "one grid of levels and positions"},
  }));
  Method method = secure(name);
  method.encoding.kind = encoding;
  CHECK_THAT(secure_contradiction(method).first, ContainsSubstring(says));
  for (const char* good : {"fedavg", "scaffold", "fednova", "feddyn", "heterofl", "fedrolex", "fjord", "fedadam"})
    CHECK(secure_contradiction(secure(good)).first.empty());
  method = secure("fedavg");
  method.encoding.kind = EncodingKind::randomk;
  CHECK(secure_contradiction(method).first.empty());
  Bench bench(secure("fedavg"));
  bench.constraints.close = ConstraintOptions::Close::quorum;
  CHECK_THROWS_WITH(Planner(bench.setup()), ContainsSubstring("waits for every masked update"));
}
