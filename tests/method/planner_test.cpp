#include "sim/method/planner.hpp"

#include <cmath>
#include <set>

#include "sim/base/error.hpp"
#include "sim/method/registry.hpp"
#include "sim/plan/split_rules.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

// A fleet, a small cnn and 20 samples a device; change what a test is about before planning.
struct Bench {
  Shape shape;
  Fleet fleet;
  Method method;
  TrainingSpec training;
  ConstraintSpec constraints;

  explicit Bench(Method chosen, int devices = 4) : method(std::move(chosen)) {
    CnnSpec spec;
    spec.channels = {8, 12};
    shape = build_shape(spec, {InputKind::image, 1, 8, 8, 3});
    for (int n = 0; n < devices; ++n) {
      Device device;
      device.name = "phone-" + std::to_string(n);
      device.speed_flops = 1e9;
      device.memory_bytes = 1e9;
      fleet.devices.push_back(device);
    }
    Device server;
    server.name = "server";
    server.speed_flops = 1e12;
    fleet.server = server;
    training.rounds = 5;
    training.batch = 8;
  }
  PlannerSetup setup() const {
    return {shape, fleet, method, training, constraints, std::vector<std::int64_t>(fleet.devices.size(), 20),
            68,    1,     "s.xml"};
  }
};

Method msfusion_at(double rate) {
  Method method = make_msfusion();
  method.split.rate.kind = RateChoice::Kind::given;
  method.split.rate.levels = {rate};
  return method;
}

TimedRound everything_done(const RoundPlan& plan) {
  TimedRound timed;
  timed.round = plan.round;
  timed.steps.assign(plan.steps.size(), {0, 1, Fate::done});
  return timed;
}

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

double bytes_of_pair(const RoundPlan& plan, NodeId from, NodeId to, Cargo cargo) {
  double bytes = 0;
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what))
      if (transfer->from == from && transfer->to == to && transfer->cargo == cargo) bytes += transfer->bytes;
  return bytes;
}

}  // namespace

TEST_CASE("FedAvg sends four bytes a parameter down and up, around each device's computing") {
  const Bench bench(make_fedavg());
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
  const Bench fedavg(make_fedavg()), scaffold(make_scaffold());
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

TEST_CASE("the next round's slices are the ones that were announced, whatever the overlap schedule") {
  for (auto overlap : {SplitChoice::Overlap::constant, SplitChoice::Overlap::linear, SplitChoice::Overlap::adaptive}) {
    Bench bench(msfusion_at(0.25));
    bench.method.split.overlap = overlap;
    bench.method.split.control = 0.3;
    bench.training.rounds = 12;
    Planner planner(bench.setup());
    RoundPlan before = planner.plan(0);
    for (int round = 1; round < 12; ++round) {
      planner.observe(before, everything_done(before), 1.0);  // a loss that never improves
      const RoundPlan plan = planner.plan(round);
      for (std::size_t n = 0; n < plan.tasks.size(); ++n) REQUIRE(plan.tasks[n].slice == before.next_slices[n]);
      before = plan;
    }
    if (overlap != SplitChoice::Overlap::constant) CHECK(*planner.overlap_control() > 0.3);
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

TEST_CASE("a cohort is drawn anew every round and is the same for the same seed") {
  Bench bench(make_fedavg(), 10);
  bench.method.exchange.cohort = 3;
  Planner one(bench.setup()), two(bench.setup());
  std::set<std::vector<NodeId>> cohorts;
  for (int round = 0; round < 5; ++round) {
    std::vector<NodeId> a, b;
    for (const TrainTask& task : one.plan(round).tasks) a.push_back(task.device);
    for (const TrainTask& task : two.plan(round).tasks) b.push_back(task.device);
    CHECK(a.size() == 3);
    CHECK(a == b);
    cohorts.insert(a);
  }
  CHECK(cohorts.size() > 1);
}

TEST_CASE("a device without enough memory fails the scenario, is excluded, or is ignored with a warning") {
  Bench bench(make_fedavg());
  bench.fleet.devices[1].memory_bytes = 1000;
  CHECK_THROWS_WITH(Planner(bench.setup()), ContainsSubstring("phone-1 needs") && ContainsSubstring("has 1 kB"));
  bench.constraints.memory = ConstraintSpec::Memory::exclude;
  Planner excluding(bench.setup());
  CHECK(excluding.members() == std::vector<NodeId>{0, 2, 3});
  CHECK(excluding.warnings().size() == 1);
  bench.constraints.memory = ConstraintSpec::Memory::ignore;
  Planner ignoring(bench.setup());
  CHECK(ignoring.members().size() == 4);
  CHECK(ignoring.warnings().size() == 1);
}

TEST_CASE("split=auto takes the widest slice that fits the device's memory") {
  Bench bench(make_heterofl());
  bench.fleet.devices[0].memory_bytes = 20e3;
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  CHECK(plan.tasks[0].split < 1);
  CHECK(plan.tasks[0].peak_memory_bytes <= 20e3);
  CHECK(plan.tasks[1].split == 1);
  const LocalTraining training = local_training(bench.training, 20);
  const SliceCost wider = slice_cost(bench.shape, fixed_slice(bench.shape, plan.tasks[0].split + 1.0 / 64));
  const bool wider_is_larger = parameter_count(bench.shape, fixed_slice(bench.shape, plan.tasks[0].split + 1.0 / 64)) >
                               parameter_count(bench.shape, plan.tasks[0].slice);
  if (wider_is_larger) CHECK(peak_memory_bytes(wider, training) > 20e3);
}

TEST_CASE("levels are given to consecutive equal blocks of devices") {
  Bench bench(make_heterofl(), 6);
  bench.method.split.rate = {RateChoice::Kind::levels, {1, 0.5, 0.25}, false};
  Planner planner(bench.setup());
  std::vector<double> rates;
  for (const TrainTask& task : planner.plan(0).tasks) rates.push_back(task.split);
  CHECK(rates == std::vector<double>{1, 1, 0.5, 0.5, 0.25, 0.25});
}

TEST_CASE("local steps and epochs count a partial last batch") {
  TrainingSpec training;
  training.batch = 8;
  training.local_epochs = 2;
  CHECK(local_training(training, 20).optimiser_steps == 6);
  CHECK(local_training(training, 20).samples == 40);
  training.local_steps = 4;
  CHECK(local_training(training, 20).optimiser_steps == 4);
  CHECK(local_training(training, 20).samples == 28);
}

TEST_CASE("a task whose computing failed was not trained, and covers nothing") {
  const Bench bench(msfusion_at(0.5), 2);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  TimedRound timed = everything_done(plan);
  for (std::size_t s = 0; s < plan.steps.size(); ++s)
    if (std::holds_alternative<Compute>(plan.steps[s].what)) timed.steps[s].fate = Fate::failed;
  CHECK(trained_tasks(plan, timed).empty());
  planner.observe(plan, timed, std::nullopt);
  CHECK(planner.coverage().share_trained_ever() == 0);
}

TEST_CASE("splitfed sends the cut activations of every batch and the device's layers around the round") {
  const Bench bench(make_splitfed(), 1);
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

TEST_CASE("an asynchronous device gets its next task when its last one has landed") {
  Bench bench(make_fedasync(), 2);
  Planner planner(bench.setup());
  const RoundPlan first = planner.plan(0);
  REQUIRE(first.tasks.size() == 2);
  TimedRound timed = everything_done(first);
  for (std::size_t s = 3; s < 6; ++s) timed.steps[s] = {0, NAN, Fate::in_flight};
  planner.observe(first, timed, std::nullopt);
  const RoundPlan second = planner.plan(1);
  REQUIRE(second.tasks.size() == 1);
  CHECK(second.tasks[0].device == 0);
  TimedRound next = everything_done(second);
  for (TimedStep& step : next.steps) step = {0, NAN, Fate::in_flight};
  for (StepId step : {3, 4, 5}) next.carried.push_back({0, step, {0, 1, Fate::done}});
  planner.observe(second, next, std::nullopt);
  const RoundPlan third = planner.plan(2);
  REQUIRE(third.tasks.size() == 1);
  CHECK(third.tasks[0].device == 1);
}

TEST_CASE("those who are away take no part, and the windows of those present cover the model among themselves") {
  const Bench bench(msfusion_at(0.5), 4);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0, [](NodeId device) { return device >= 2; });
  REQUIRE(plan.tasks.size() == 2);
  CHECK(plan.tasks[0].device == 2);
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) CHECK((transfer->from >= 2 && transfer->to >= 2));
  for (std::size_t axis = 0; axis < bench.shape.axes.size(); ++axis) {
    std::set<int> covered;
    for (const TrainTask& task : plan.tasks)
      for (int unit : task.slice.axes[axis].units()) covered.insert(unit);
    CHECK(static_cast<int>(covered.size()) == bench.shape.axes[axis].units);
  }
  CHECK(planner.plan(1).tasks.size() == 4);
}

TEST_CASE("without its server a server method has an empty round, and peers do not care") {
  const auto server_is_away = [](NodeId node) { return node < 4; };
  const Bench fedavg(make_fedavg()), peers(msfusion_at(0.5));
  Planner one(fedavg.setup()), two(peers.setup());
  CHECK(one.plan(0, server_is_away).tasks.empty());
  CHECK(two.plan(0, server_is_away).tasks.size() == 4);
}

TEST_CASE("a device leaves in the round after its battery is used up, and that is told once") {
  Bench bench(make_fedavg(), 2);
  for (Device& device : bench.fleet.devices) device.has_power = true;
  bench.fleet.devices[0].battery_joules = 10;
  Planner planner(bench.setup());
  std::vector<std::size_t> sizes, news;
  for (int round = 0; round < 4; ++round) {
    const RoundPlan plan = planner.plan(round);
    sizes.push_back(plan.tasks.size());
    TimedRound timed = everything_done(plan);
    for (NodeId node = 0; node < 3; ++node) timed.nodes.push_back({node, 1, 0, 0, 5});
    planner.observe(plan, timed, std::nullopt);
    news.push_back(planner.news().size());
  }
  CHECK(sizes == std::vector<std::size_t>{2, 2, 1, 1});
  CHECK(news == std::vector<std::size_t>{0, 1, 0, 0});
}

TEST_CASE("a battery that nothing is known to empty is refused") {
  Bench bench(make_fedavg(), 2);
  bench.fleet.devices[1].battery_joules = 10;
  CHECK_THROWS_WITH(Planner(bench.setup()), ContainsSubstring("phone-1") && ContainsSubstring("wattage_per_state"));
}

TEST_CASE("with edge aggregators the server's links carry one model an aggregator, and each device one each way") {
  Bench bench(make_fedavg(), 5);
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

TEST_CASE("the automatic split keeps the deadline with the model's way there and back, and the energy of a round") {
  Bench bench(make_heterofl(), 1);
  bench.method.split.rate.kind = RateChoice::Kind::automatic;
  const auto widest = [&] { return Planner(bench.setup()).plan(0).tasks.front(); };
  CHECK(widest().split == 1);
  Device& phone = bench.fleet.devices[0];
  const double seconds = widest().training_flops / phone.speed_flops;  // nothing but FLOPs / speed is stated
  const double bytes = 4.0 * static_cast<double>(widest().parameters);

  bench.constraints.close = ConstraintSpec::Close::deadline;
  bench.constraints.deadline_seconds = 1.01 * seconds;
  CHECK(widest().split == 1);
  phone.from_server = phone.to_server = Way{0, bytes / seconds};  // each way takes as long as the training
  CHECK(widest().split < 1);
  bench.constraints.deadline_seconds = 3.01 * seconds;
  CHECK(widest().split == 1);

  bench.constraints = {};
  bench.constraints.energy_joules = 2 * seconds;
  CHECK_THROWS_AS(widest(), UserError);  // no power is stated
  phone.training_watts = 2;
  CHECK(widest().split == 1);
  phone.training_watts = 4;
  const TrainTask task = widest();
  CHECK(task.split < 1);
  CHECK(4 * task.training_flops / phone.speed_flops <= 2 * seconds);
}
