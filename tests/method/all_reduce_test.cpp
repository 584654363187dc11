// Rings and trees: bytes by the formula, who waits for whom, and what lasting optimisers cost.
#include <cmath>
#include <map>

#include "sim/method/planner.hpp"
#include "sim/shape/cost.hpp"
#include "sim/shape/fragments.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

double model_bytes(const Bench& bench) {
  return 4.0 * static_cast<double>(parameter_count(bench.shape, full_slice(bench.shape)));
}

std::map<NodeId, double> sent_by(const RoundPlan& plan, Cargo cargo) {
  std::map<NodeId, double> bytes;
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what); transfer && transfer->cargo == cargo)
      bytes[transfer->from] += transfer->bytes;
  return bytes;
}

Method with(Method method, ExchangeKind exchange,
            ExchangeChoice::AllReduce all_reduce = ExchangeChoice::AllReduce::ring) {
  method.exchange.kind = exchange;
  method.exchange.all_reduce = all_reduce;
  return method;
}

// Whether a chain of steps, each after the one before, leads from every device's training to every device.
bool everybody_has_everything(const RoundPlan& plan) {
  const auto devices = plan.tasks.size();
  for (const Step& step : plan.steps)
    for (const StepId before : step.after)
      if (before >= static_cast<StepId>(&step - plan.steps.data())) return false;
  std::vector<unsigned> heard(plan.steps.size());
  std::vector<unsigned> knows(devices, 0);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    unsigned all = 0;
    for (const StepId before : plan.steps[s].after) all |= heard[static_cast<std::size_t>(before)];
    if (const auto* compute = std::get_if<Compute>(&plan.steps[s].what)) {
      all |= 1U << compute->node;
      knows[static_cast<std::size_t>(compute->node)] |= all;
    }
    heard[s] = all;
    if (const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what))
      knows[static_cast<std::size_t>(transfer->to)] |= all;
  }
  for (const unsigned one : knows)
    if (one != (1U << devices) - 1) return false;
  return true;
}

}  // namespace

TEST_CASE("in a ring 2 (K - 1) / K of the model leave each device, in 2 (K - 1) turns") {
  const int devices = GENERATE(2, 3, 4, 5);
  const Bench bench(with(method_named("fedavg"), ExchangeKind::all), devices);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  CHECK(plan.all_reduces);
  CHECK(plan.steps.size() == static_cast<std::size_t>(devices + 2 * devices * (devices - 1)));
  double all = 0;
  for (const auto& [device, bytes] : sent_by(plan, Cargo::reduced)) {
    // Chunks differ by one float at most.
    CHECK(std::abs(bytes - 2.0 * (devices - 1) / devices * model_bytes(bench)) <= 8);
    all += bytes;
  }
  CHECK(all == 2 * (devices - 1) * model_bytes(bench));
  CHECK(everybody_has_everything(plan));
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) CHECK(transfer->to == (transfer->from + 1) % devices);
}

TEST_CASE("in a tree everybody but the root sends its sum up once, and parents send it down") {
  const Bench bench(with(method_named("fedavg"), ExchangeKind::all, ExchangeChoice::AllReduce::tree), 5);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  const double model = model_bytes(bench);
  const auto bytes = sent_by(plan, Cargo::reduced);
  CHECK(bytes.at(0) == 2 * model);  // down to 1 and 2
  CHECK(bytes.at(1) == 3 * model);  // up to 0, down to 3 and 4
  CHECK(bytes.at(2) == model);
  CHECK(bytes.at(4) == model);
  CHECK(everybody_has_everything(plan));
}

TEST_CASE("a device alone has nothing to reduce, and its training counts") {
  const Bench bench(with(method_named("fedavg"), ExchangeKind::all), 1);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  CHECK(plan.steps.size() == 1);
  CHECK(is_reduced(plan, everything_done(plan)));
}

TEST_CASE("an all-reduce is broken by any part that does not arrive") {
  const Bench bench(with(method_named("fedavg"), ExchangeKind::all));
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  TimedRound timed = everything_done(plan);
  CHECK(is_reduced(plan, timed));
  timed.steps.back().fate = Fate::failed;
  CHECK_FALSE(is_reduced(plan, timed));
}

TEST_CASE("a device that was away during a round gets the model from one that has it") {
  const Bench bench(with(method_named("fedavg"), ExchangeKind::all));
  Planner planner(bench.setup());
  const auto without = [](NodeId away) { return [away](NodeId node) { return node != away; }; };
  const RoundPlan first = planner.plan(0, without(2));
  CHECK(sent_by(first, Cargo::model).empty());
  planner.observe(first, everything_done(first), {});
  const RoundPlan second = planner.plan(1);
  CHECK(bytes_of_pair(second, 1, 2, Cargo::model) == model_bytes(bench));
  CHECK(sent_by(second, Cargo::model).size() == 1);
  planner.observe(second, everything_done(second), {});
  CHECK(sent_by(planner.plan(2), Cargo::model).empty());

  SECTION("after a broken round nobody lacks anything") {
    const RoundPlan third = planner.plan(2, without(0));
    TimedRound broken = everything_done(third);
    broken.steps.back().fate = Fate::failed;
    planner.observe(third, broken, {});
    CHECK(sent_by(planner.plan(3), Cargo::model).empty());
  }
  SECTION("where nobody who is there has it, nobody trains") {
    const auto only = [](NodeId device) { return [device](NodeId node) { return node == device; }; };
    const RoundPlan third = planner.plan(2, only(3));
    planner.observe(third, everything_done(third), {});
    CHECK(planner.plan(3, only(1)).tasks.empty());
  }
}

TEST_CASE("streaming sends the fragments in turn, beside the training that follows or after its own") {
  Method method = method_named("streaming-diloco");
  method.exchange.fragments = 2;
  method.exchange.overlaps = GENERATE(true, false);
  const Bench bench(method);
  Planner planner(bench.setup());
  const std::vector<std::int64_t> sizes = fragment_sizes(bench.shape, 2);
  for (int round = 0; round < 4; ++round) {
    const RoundPlan plan = planner.plan(round);
    double bytes = 0;
    for (const auto& [device, sent] : sent_by(plan, Cargo::reduced)) bytes += sent;
    const int of = round - (method.exchange.overlaps ? 1 : 0);
    CHECK(bytes == (of < 0 ? 0 : 2 * 3 * 4.0 * static_cast<double>(sizes[static_cast<std::size_t>(of % 2)])));
    for (const Step& step : plan.steps) {
      const auto* transfer = std::get_if<Transfer>(&step.what);
      if (!transfer || !method.exchange.overlaps) continue;
      for (const StepId before : step.after)
        CHECK(std::holds_alternative<Transfer>(plan.steps[static_cast<std::size_t>(before)].what));
    }
    planner.observe(plan, everything_done(plan), {});
  }
}

TEST_CASE("more fragments than layers are refused with how many there can be") {
  Method method = method_named("streaming-diloco");
  method.exchange.fragments = 50;
  const Bench bench(method);
  CHECK_THROWS_WITH(Planner(bench.setup()), ContainsSubstring("fragments=\"50\"") && ContainsSubstring("1 to "));
}

TEST_CASE("optimiser states cost traffic where they are averaged, and memory where they wait") {
  Method method = method_named("fedavg");
  Bench bench(method);
  bench.training.optimiser = TrainingOptions::Optimiser::adamw;
  const double model = model_bytes(bench);
  const auto task_of_first = [&](const Method& chosen) {
    bench.method = chosen;
    Planner planner(bench.setup());
    const RoundPlan plan = planner.plan(0);
    return std::tuple(bytes_of_pair(plan, 4, 0, Cargo::model), bytes_of_pair(plan, 0, 4, Cargo::trained),
                      plan.tasks.front().peak_memory_bytes);
  };
  const auto [down, up, memory] = task_of_first(method);
  CHECK((down == model && up == model));
  method.state = OptimiserState::keep;
  CHECK(task_of_first(method) == std::tuple(down, up, memory));  // a training holds it anyway
  method.state = OptimiserState::average;
  CHECK(task_of_first(method) == std::tuple(3 * model, 3 * model, memory));
  method = msfusion_at(0.5);
  method.split.rule = SplitRule::rolling;
  bench.method = method;
  const auto peak = [&] {
    Planner planner(bench.setup());
    return planner.plan(0).tasks.front().peak_memory_bytes;
  };
  const double reset = peak();
  const WidthSlice slice = [&] {
    Planner planner(bench.setup());
    return planner.plan(0).tasks.front().slice;
  }();
  bench.method.state = OptimiserState::keep;
  CHECK(peak() - reset == 2 * (model - 4.0 * static_cast<double>(parameter_count(bench.shape, slice))));
}

TEST_CASE("where every device merges, each holds what a server would") {
  Bench bench(method_named("diloco"));
  const auto peak = [&] {
    Planner planner(bench.setup());
    return planner.plan(0).tasks.front().peak_memory_bytes;
  };
  const double at_server = peak();
  bench.method.exchange.kind = ExchangeKind::all;
  CHECK(peak() - at_server == 2 * model_bytes(bench));  // what the round began with, and the momentum
}

TEST_CASE("a device with a model of its own computes twice, sends once and holds one model more") {
  Bench bench(method_named("ditto"));
  const auto plan_of = [&] {
    Planner planner(bench.setup());
    return planner.plan(0);
  };
  const RoundPlan ditto = plan_of();
  bench.method.personal = {};
  const RoundPlan fedavg = plan_of();
  CHECK(ditto.tasks[0].training_flops == 2 * fedavg.tasks[0].training_flops);
  CHECK(std::get<Compute>(ditto.steps[1].what).flops == Approx(2 * std::get<Compute>(fedavg.steps[1].what).flops));
  CHECK(bytes_of_pair(ditto, 0, 4, Cargo::trained) == bytes_of_pair(fedavg, 0, 4, Cargo::trained));
  CHECK(ditto.tasks[0].peak_memory_bytes >= fedavg.tasks[0].peak_memory_bytes + model_bytes(bench));
}

TEST_CASE("a head that stays on the device is not sent") {
  Bench bench(method_named("fedper"));
  keep_private(bench.shape, bench.method.personal, 0);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  double head = 0;
  for (const int tensor : bench.shape.layers.back().tensors)
    head += 4.0 * static_cast<double>(element_count(bench.shape.tensors[static_cast<std::size_t>(tensor)]));
  CHECK(bytes_of_pair(plan, 4, 0, Cargo::model) == model_bytes(bench) - head);
  CHECK(bytes_of_pair(plan, 0, 4, Cargo::trained) == model_bytes(bench) - head);
}
