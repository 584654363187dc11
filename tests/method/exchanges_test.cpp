#include <cmath>
#include <set>

#include "sim/method/planner.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

// Common elements of two slices, counted index by index.
std::int64_t brute_force_shared(const Shape& shape, const WidthSlice& a, const WidthSlice& b) {
  std::int64_t total = 0;
  for (const ParameterTensor& tensor : shape.tensors) {
    std::int64_t product = 1;
    for (const Dim& dim : tensor.dims) {
      const auto left = sliced_indices(dim, a), right = sliced_indices(dim, b);
      const std::set<std::int64_t> in_a(left.begin(), left.end());
      std::int64_t common = 0;
      for (std::int64_t index : right) common += static_cast<std::int64_t>(in_a.count(index));
      product *= common;
    }
    total += product;
  }
  return total;
}

}  // namespace

TEST_CASE("FedAvg sends four bytes a parameter down and up, around each device's computing") {
  const Bench bench(method_named("fedavg"));
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  REQUIRE(plan.tasks.size() == 4);
  REQUIRE(plan.steps.size() == 12);
  const double model = 4.0 * static_cast<double>(parameter_count(bench.shape, full_slice(bench.shape)));
  CHECK(bytes_of_pair(plan, 4, 2, Cargo::model) == model);
  CHECK(bytes_of_pair(plan, 2, 4, Cargo::trained) == model);
  const SliceCost cost = slice_cost(bench.shape, full_slice(bench.shape));
  CHECK(plan.tasks[0].training_flops == 2.0 * 20 * static_cast<double>(cost.training_macs));
  CHECK(std::get<Compute>(plan.steps[1].what).flops == Approx(plan.tasks[0].training_flops));
  CHECK(plan.tasks[0].optimiser_steps == 3);
}

TEST_CASE("SCAFFOLD sends twice what FedAvg sends") {
  const Bench fedavg(method_named("fedavg")), scaffold(method_named("scaffold"));
  Planner one(fedavg.setup()), two(scaffold.setup());
  CHECK(bytes_of_pair(two.plan(0), 0, 4, Cargo::trained) == 2 * bytes_of_pair(one.plan(0), 0, 4, Cargo::trained));
}

TEST_CASE("the bytes of every MSfusion pair equal the intersection counted by brute force") {
  for (double rate : {0.25, 0.4}) {
    const Bench bench(msfusion_at(rate), 5);
    Planner planner(bench.setup());
    for (int round = 0; round < 4; ++round) {
      const RoundPlan plan = planner.plan(round);
      for (std::size_t from = 0; from < 5; ++from)
        for (std::size_t to = 0; to < 5; ++to)
          if (from != to)
            REQUIRE(bytes_of_pair(plan, static_cast<NodeId>(from), static_cast<NodeId>(to), Cargo::trained) ==
                    4.0 * static_cast<double>(
                              brute_force_shared(bench.shape, plan.tasks[from].slice, plan.next_slices[to])));
      planner.observe(plan, everything_done(plan), std::nullopt);
    }
  }
}

TEST_CASE("what nobody trains this round comes from its last holder, and from nobody before the first time") {
  Bench bench(msfusion_at(0.2), 2);
  Planner planner(bench.setup());
  const RoundPlan first = planner.plan(0);
  for (const Step& step : first.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) CHECK(transfer->cargo == Cargo::trained);
  planner.observe(first, everything_done(first), std::nullopt);
  double stale = 0;
  for (int round = 1; round < 8; ++round) {
    const RoundPlan plan = planner.plan(round);
    stale += bytes_of_pair(plan, 0, 1, Cargo::stale) + bytes_of_pair(plan, 1, 0, Cargo::stale);
    planner.observe(plan, everything_done(plan), std::nullopt);
  }
  CHECK(stale > 0);
}

TEST_CASE("peers that are no neighbours send each other nothing") {
  Bench bench(msfusion_at(0.5), 6);
  bench.method.exchange.graph = PeerGraph::ring;
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) {
      const int gap = std::abs(transfer->from - transfer->to);
      CHECK((gap == 1 || gap == 5));
    }
}

TEST_CASE("splitfed's devices hold and train the layers before the cut, and the server the rest") {
  // A convolution of 8 x 9 weights on 8 x 8 pixels, before a norm that has parameters; plain SGD, batches of 8.
  Bench bench(method_named("splitfed"), 1), whole(method_named("fedavg"), 1);
  bench.method.exchange.cut = 1;
  const std::int64_t macs = 8 * 8 * 9 * 8;
  const double samples = 20;
  Planner planner(bench.setup()), reference(whole.setup());
  const TrainTask task = planner.plan(0).tasks[0], all = reference.plan(0).tasks[0];
  CHECK(task.forward_macs == macs);
  CHECK(task.training_flops == 2 * samples * 2 * static_cast<double>(macs));  // what reads the sample has no gradient
  CHECK(task.training_flops + task.server_flops == all.training_flops);
  CHECK(all.server_flops == 0);
  CHECK(task.peak_memory_bytes == 2 * 4 * 8 * 9 + 8 * 4 * (8 * 8 + 8 * 8 * 8));  // the sample and its result
  CHECK(task.peak_memory_bytes < all.peak_memory_bytes);

  INFO("a device that has room for them takes part");
  bench.fleet.devices[0].memory_bytes = task.peak_memory_bytes;
  CHECK_NOTHROW(Planner(bench.setup()));
  bench.fleet.devices[0].memory_bytes = task.peak_memory_bytes - 1;
  CHECK_THROWS_WITH(Planner(bench.setup()), ContainsSubstring("phone-0 needs"));
}

TEST_CASE("splitfed sends the cut activations of every batch and the device's layers around the round") {
  const Bench bench(method_named("splitfed"), 1);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  double up = 0, down = 0;
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what))
      if (transfer->cargo == Cargo::other) (transfer->to == 1 ? up : down) += transfer->bytes;
  const double activations = 8 * 8 * 8;  // 8 channels of 8 x 8 behind the first convolution
  CHECK(up == Approx(20 * (4 * activations + 4)));
  CHECK(down == Approx(20 * 4 * activations));
  CHECK(bytes_of_pair(plan, 0, 1, Cargo::trained) == 4.0 * 8 * 9);
}

TEST_CASE("with edge aggregators the server's links carry one model an aggregator, and each device one each way") {
  Bench bench(method_named("fedavg"), 5);
  bench.method.exchange.kind = ExchangeKind::edge;
  CHECK_THROWS_AS(Planner(bench.setup()), UserError);  // nobody has an aggregator
  bench.fleet.aggregators.resize(2);
  for (int n = 0; n < 5; ++n) bench.fleet.devices[static_cast<std::size_t>(n)].aggregator = n < 3 ? 6 : 7;
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  const double model = 4.0 * static_cast<double>(slice_cost(bench.shape, full_slice(bench.shape)).parameters);
  const NodeId server = bench.fleet.server_node();
  CHECK(bytes_of_pair(plan, server, 6, Cargo::model) == model);
  CHECK(bytes_of_pair(plan, 6, server, Cargo::sum) == model);
  CHECK(bytes_of_pair(plan, 7, server, Cargo::sum) == model);
  CHECK(bytes_of_pair(plan, 6, 2, Cargo::model) == model);
  CHECK(bytes_of_pair(plan, 4, 7, Cargo::partial) == model);
  double total = 0;
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) total += transfer->bytes;
  CHECK(total == (2 * 2 + 2 * 5) * model);
  // A lost sum takes its devices with it, a device that failed is missing in its sum.
  TimedRound timed = everything_done(plan);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    if (!transfer) continue;
    if (transfer->cargo == Cargo::sum && transfer->from == 7) timed.steps[s].fate = Fate::failed;
    if (transfer->cargo == Cargo::partial && transfer->from == 1) timed.steps[s].fate = Fate::failed;
  }
  std::vector<NodeId> parts;
  for (std::size_t s = 0; s < plan.steps.size(); ++s)
    for (StepId part : arrived_parts(plan, timed, static_cast<StepId>(s)))
      parts.push_back(std::get<Transfer>(plan.steps[static_cast<std::size_t>(part)].what).from);
  CHECK(parts == std::vector<NodeId>{0, 2});
}
