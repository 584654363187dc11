// Laws of the selections: which draws are equal, and who is asked.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "sim/base/error.hpp"
#include "sim/method/planner.hpp"
#include "sim/method/selections/draws.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

using Cohort = std::vector<NodeId>;

// Twelve devices: the later, the slower and the more samples.
struct Fleet12 : Bench {
  explicit Fleet12(SelectionKind kind, int cohort = 3) : Bench(method_named("fedavg"), 12) {
    method.exchange.cohort = cohort;
    method.selection.kind = kind;
    method.selection.round_seconds = 1e6;
    training.rounds = 12;
    for (std::size_t n = 0; n < fleet.devices.size(); ++n) {
      Device& device = fleet.devices[n];
      device.speed_flops = 1e9 / static_cast<double>(1 + n);
      device.from_server = device.to_server = Route{0.01, 1e6};
    }
  }
  PlannerSetup with_samples() const {
    PlannerSetup all = setup();
    for (std::size_t n = 0; n < all.samples.size(); ++n) all.samples[n] = 10 + 5 * static_cast<std::int64_t>(n);
    return all;
  }
};

Cohort devices_of(const RoundPlan& plan) {
  Cohort devices;
  for (const TrainTask& task : plan.tasks) devices.push_back(task.device);
  return devices;
}

// By round. Device n answers questions with `loss`(n), and tells the same of its trainings.
std::vector<Cohort> cohorts(const PlannerSetup& setup, const std::function<double(NodeId)>& loss, int rounds = 12) {
  Planner planner(setup);
  planner.set_teller([&](const Question& question) {
    std::vector<double> told;
    for (const NodeId device : question.devices) told.push_back(loss(device));
    return told;
  });
  std::vector<Cohort> all;
  for (int round = 0; round < rounds; ++round) {
    const RoundPlan plan = planner.plan(round);
    all.push_back(devices_of(plan));
    std::vector<std::pair<NodeId, double>> told;
    for (const NodeId device : all.back()) told.emplace_back(device, loss(device));
    planner.note_told(told);
    planner.observe(plan, everything_done(plan), 1.0);
  }
  return all;
}

double one(NodeId) {
  return 1;
}
double growing(NodeId device) {
  return 1 + device;
}

std::string refusal(const Bench& bench) {
  try {
    Planner planner(bench.setup());
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("draws by weight follow the weights, and name nobody twice") {
  const std::vector<NodeId> devices{0, 1, 2, 3};
  std::map<NodeId, int> first, second;
  constexpr int kDraws = 20000;
  for (std::uint64_t seed = 0; seed < kDraws; ++seed) {
    const std::vector<NodeId> drawn = draw_weighted(devices, {1, 2, 5, 0}, 2, seed);
    ++first[drawn[0]];
    ++second[drawn[1]];
    REQUIRE(drawn[0] != drawn[1]);
  }
  CHECK(first[0] == Approx(kDraws / 8.0).epsilon(0.05));
  CHECK(first[1] == Approx(kDraws / 4.0).epsilon(0.05));
  CHECK(first[2] == Approx(kDraws * 5 / 8.0).epsilon(0.05));
  // After 2 device 1 follows in two thirds of the cases, after 0 in two sevenths.
  CHECK(second[1] == Approx(kDraws * (5.0 / 8 * 2 / 3 + 1.0 / 8 * 2 / 7)).epsilon(0.05));
  CHECK(first[3] + second[3] == 0);
  CHECK(draw_weighted(devices, {1, 2, 5, 0}, 9, 1).back() == 3);
}

TEST_CASE("power of choice with as many candidates as the cohort, or equal losses, draws by size") {
  const std::vector<Cohort> by_size = cohorts(Fleet12(SelectionKind::size).with_samples(), one);
  Fleet12 few(SelectionKind::power_of_choice), equal(SelectionKind::power_of_choice);
  few.method.selection.candidates = 3;
  equal.method.selection.candidates = 7;
  const std::vector<Cohort> of_few = cohorts(few.with_samples(), growing);
  const std::vector<Cohort> of_equal = cohorts(equal.with_samples(), one);
  CHECK(of_few.front() == cohorts(Fleet12(SelectionKind::uniform).with_samples(), one, 1).front());
  for (std::size_t round = 1; round < by_size.size(); ++round) {
    CHECK(of_few[round] == by_size[round]);
    CHECK(of_equal[round] == by_size[round]);
  }
  few.method.selection.candidates = 12;
  const std::vector<Cohort> largest = cohorts(few.with_samples(), growing);
  CHECK(largest[5] == Cohort{9, 10, 11});
}

TEST_CASE("candidates that were never asked go first") {
  Fleet12 fleet(SelectionKind::power_of_choice);
  fleet.method.selection.candidate_loss = SelectionOptions::CandidateLoss::last;
  fleet.method.selection.candidates = 12;
  std::set<NodeId> seen;
  const std::vector<Cohort> all = cohorts(fleet.with_samples(), growing, 5);
  for (int round = 0; round < 4; ++round)
    seen.insert(all[static_cast<std::size_t>(round)].begin(), all[static_cast<std::size_t>(round)].end());
  CHECK(seen.size() == 12);
  CHECK(all[4] == Cohort{9, 10, 11});
}

TEST_CASE("candidates pay for the model and four bytes, and those that train do not get it twice") {
  Fleet12 fleet(SelectionKind::power_of_choice);
  fleet.method.selection.candidates = 5;
  Planner planner(fleet.with_samples());
  planner.set_teller([](const Question& question) { return std::vector<double>(question.devices.size(), 1); });
  const RoundPlan plan = planner.plan(1);
  const double model = 4.0 * static_cast<double>(parameter_count(fleet.shape, full_slice(fleet.shape)));
  double down = 0, reports = 0, up = 0, forward = 0;
  for (const Step& step : plan.steps) {
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) {
      (transfer->from == 12 ? down : transfer->cargo == Cargo::other ? reports : up) += transfer->bytes;
    } else if (step.task == kNoTask) {
      forward += std::get<Compute>(step.what).flops;
    }
  }
  CHECK(plan.tasks.size() == 3);
  CHECK(down == 5 * model);
  CHECK(reports == 5 * 4);
  CHECK(up == 3 * model);
  double samples = 0;
  for (const SelectionNote& note : planner.selection_notes())
    if (!note.chosen) samples += 10 + 5 * note.device;
  CHECK(forward == Approx(2 * samples * static_cast<double>(plan.tasks.front().forward_macs)));
  // What was heard of all candidates comes before the first training.
  for (const TrainTask& task : plan.tasks) {
    const auto training = std::find_if(plan.steps.rbegin(), plan.steps.rend(), [&](const Step& step) {
      return step.task == task.id && std::holds_alternative<Compute>(step.what);
    });
    bool waits_for_all = false;
    for (const StepId earlier : training->after)
      waits_for_all = waits_for_all || plan.steps[static_cast<std::size_t>(earlier)].after.size() == 5;
    CHECK(waits_for_all);
  }
}

TEST_CASE("Oort ignores durations with an exponent of 0, and when no duration is too long") {
  const auto drawn = [](double exponent, double percentile, bool reversed) {
    Fleet12 fleet(SelectionKind::oort);
    fleet.method.selection.slow_exponent = exponent;
    fleet.method.selection.duration_percentile = percentile;
    if (reversed)
      for (std::size_t n = 0; n < 12; ++n) fleet.fleet.devices[n].speed_flops = 1e9 / static_cast<double>(12 - n);
    return cohorts(fleet.with_samples(), growing);
  };
  CHECK(drawn(0, 10, false) == drawn(0, 10, true));
  CHECK(drawn(2, 100, false) == drawn(0, 10, true));
  CHECK(drawn(2, 10, false) != drawn(2, 10, true));
}

TEST_CASE("Oort that explores only asks those that never reported as long as there are any") {
  Fleet12 fleet(SelectionKind::oort);
  fleet.method.selection.explore = fleet.method.selection.explore_least = 1;
  const std::vector<Cohort> all = cohorts(fleet.with_samples(), growing, 4);
  std::set<NodeId> seen;
  for (const Cohort& cohort : all) seen.insert(cohort.begin(), cohort.end());
  CHECK(seen.size() == 12);
  fleet.method.selection.explore = fleet.method.selection.explore_least = 0;
  fleet.method.selection.cutoff = 1;
  const std::vector<Cohort> exploiting = cohorts(fleet.with_samples(), growing, 3);
  CHECK(exploiting[1] == exploiting[0]);  // nobody else has reported
}

TEST_CASE("Oort's reports cost four bytes, and devices that reported too often are not asked") {
  Fleet12 oort(SelectionKind::oort), uniform(SelectionKind::uniform);
  Planner one_planner(oort.setup()), other(uniform.setup());
  const RoundPlan with = one_planner.plan(0), without = other.plan(0);
  const NodeId device = with.tasks.front().device;
  CHECK(devices_of(with) == devices_of(without));
  CHECK(bytes_of_pair(with, device, 12, Cargo::trained) == bytes_of_pair(without, device, 12, Cargo::trained) + 4);
  oort.method.selection.most_reports = 1;
  std::map<NodeId, int> visits;
  for (const Cohort& cohort : cohorts(oort.with_samples(), growing, 12))
    for (const NodeId asked : cohort) ++visits[asked];
  for (const auto& [asked, count] : visits) CHECK(count <= 2);
}

TEST_CASE("Oort's preferred duration grows while utility stalls, shrinks when it jumps, and stays otherwise") {
  // Device n takes n + 1 seconds; a fifth of twelve devices takes at most 3.
  const auto preferred_seconds = [](double later) {
    Fleet12 fleet(SelectionKind::oort, 12);
    fleet.training.rounds = 41;
    fleet.method.selection.explore = fleet.method.selection.explore_least = fleet.method.selection.cutoff = 0;
    fleet.method.selection.duration_percentile = 20;
    const PlannerSetup setup = fleet.setup();
    Planner planner(setup);
    for (int round = 0; round <= 40; ++round) {
      const RoundPlan plan = planner.plan(round);
      TimedRound timed = everything_done(plan);
      for (std::size_t s = 0; s < plan.steps.size(); ++s)
        timed.steps[s].end_seconds = 1 + task_of(plan, plan.steps[s].task).device;
      std::vector<std::pair<NodeId, double>> told;
      for (const TrainTask& task : plan.tasks) told.emplace_back(task.device, round < 20 ? 1 : later);
      planner.note_told(told);
      planner.observe(plan, timed, 1.0);
    }
    // Equal utilities are worth 1, and what they wait for comes on top; the slowest has (T / 12)^2 of that.
    const double whole = 1 + std::sqrt(0.1 * std::log(41.0) / 40);
    for (const SelectionNote& note : planner.selection_notes())
      if (note.device == 11) return 12 * std::sqrt(note.score.value() / whole);
    return 0.0;
  };
  CHECK(preferred_seconds(1) == Approx(4));
  CHECK(preferred_seconds(100) == Approx(2));
  CHECK(preferred_seconds(1.5) == Approx(3));
}

TEST_CASE("one tier is a uniform draw, and no tier is drawn more often than its credits") {
  Fleet12 fleet(SelectionKind::tifl);
  fleet.method.selection.tiers = 1;
  CHECK(cohorts(fleet.with_samples(), one) == cohorts(Fleet12(SelectionKind::uniform).with_samples(), one));
  fleet.method.selection.tiers = 4;
  fleet.method.selection.tier_interval = 1;
  fleet.training.rounds = 10;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    PlannerSetup setup = fleet.with_samples();
    setup.seed = seed;
    std::map<NodeId, int> rounds_of_tier;
    for (const Cohort& cohort : cohorts(setup, growing, 10)) {
      for (const NodeId device : cohort) CHECK(device / 3 == cohort.front() / 3);  // as fast as each other
      ++rounds_of_tier[cohort.front() / 3];
    }
    for (const auto& [tier, rounds] : rounds_of_tier) CHECK(rounds <= 3);
  }
  fleet.method.selection.tier_choice = SelectionOptions::TierChoice::fixed;
  fleet.method.selection.tier_shares = {0, 1, 0, 0};
  for (const Cohort& cohort : cohorts(fleet.with_samples(), one)) CHECK(cohort == Cohort{3, 4, 5});
}

TEST_CASE("without a limit of time FedCS asks its whole cohort and deadline the fastest; with too little nobody") {
  const std::vector<Cohort> uniform = cohorts(Fleet12(SelectionKind::uniform).with_samples(), one);
  CHECK(cohorts(Fleet12(SelectionKind::fedcs).with_samples(), one) == uniform);
  for (const Cohort& cohort : cohorts(Fleet12(SelectionKind::deadline).with_samples(), one))
    CHECK(cohort == Cohort{0, 1, 2});
  for (const SelectionKind kind : {SelectionKind::fedcs, SelectionKind::deadline}) {
    Fleet12 hasty(kind);
    hasty.method.selection.round_seconds = 1e-3;
    CHECK_THAT(refusal(hasty), ContainsSubstring("no device is done within the round-time of 1 ms"));
  }
}

TEST_CASE("FedCS counts uploads one after the other, deadline each device alone") {
  // Equal samples: device n computes (n + 1) c seconds; each message takes m.
  Fleet12 fleet(SelectionKind::deadline, 12);
  const PlannerSetup setup = fleet.setup();
  TaskCosts costs(setup);
  const WidthSlice whole = full_slice(fleet.shape);
  const double m = fleet.fleet.devices[0].to_server->seconds(costs.up(whole).bytes);
  const double c = compute_seconds(costs.cost_of(whole), costs.training_of(0), fleet.fleet.devices[0]);
  fleet.method.selection.round_seconds = 2 * m + 4.5 * c;
  CHECK(cohorts(fleet.setup(), one, 1).front() == Cohort{0, 1, 2, 3});
  // The fastest computes, then uploads follow each other and hide the others' computing.
  Fleet12 queue(SelectionKind::fedcs, 12);
  queue.method.selection.round_seconds = m + c + 3.5 * m;
  REQUIRE(4 * c < m);
  CHECK(cohorts(queue.setup(), one, 1).front().size() == 3);
}

TEST_CASE("over-selection asks more, and closes with the cohort") {
  Fleet12 fleet(SelectionKind::uniform, 10);
  fleet.method.selection.over_select = 1.1;
  Planner planner(fleet.setup());
  const RoundPlan plan = planner.plan(0);
  CHECK(plan.tasks.size() == 11);
  CHECK(plan.closing.enough == 10);
  fleet.method.selection.over_select = 1;
  Planner plain(fleet.setup());
  CHECK(plain.plan(0).closing.enough == 0);
  fleet.method.selection.over_select = 1.3;
  fleet.constraints.close = ConstraintOptions::Close::quorum;
  CHECK_THAT(refusal(fleet), ContainsSubstring("over-select with close=\"quorum\""));
}

TEST_CASE("selections that do not go with the other choices are refused with the reason") {
  const auto objection = [](const char* name, const std::map<std::string, std::string>& attributes) -> std::string {
    std::map<std::string, GivenAttributes::Value> values;
    for (const auto& [attribute, value] : attributes) values[attribute] = {value, value};
    GivenAttributes given("method", values);
    read_method(name, given);
    return given.objections().empty() ? "" : given.objections().front().found;
  };
  CHECK_THAT(objection("fedavg", {{"selection", "oort"}}), ContainsSubstring("without a cohort"));
  CHECK_THAT(objection("dpsgd", {{"selection", "size"}}), ContainsSubstring("no server draws"));
  CHECK_THAT(objection("splitfed", {{"selection", "oort"}, {"cohort", "3"}}),
             ContainsSubstring("what each device alone takes"));
  CHECK_THAT(objection("fedavg", {{"selection", "fedcs"}, {"cohort", "3"}}), ContainsSubstring("without a round-time"));
  CHECK_THAT(objection("fedavg", {{"selection", "power-of-choice"}, {"cohort", "5"}, {"candidates", "4"}}),
             ContainsSubstring("candidates=\"4\" for 5 devices"));
  CHECK_THAT(objection("dsfl", {{"over-select", "1.3"}, {"cohort", "3"}}), ContainsSubstring("hears of all"));
  CHECK_THAT(objection("fedavg",
                       {{"selection", "tifl"}, {"cohort", "3"}, {"tier-choice", "static"}, {"tier-shares", "0.5 0.5"}}),
             ContainsSubstring("2 tier-shares for 5 tiers"));
  CHECK(objection("fedavg", {{"selection", "tifl"}, {"cohort", "3"}}).empty());
}

TEST_CASE("after a draw by size all devices count the same, unless the scenario says otherwise") {
  const auto weights = [](const std::map<std::string, std::string>& attributes) {
    std::map<std::string, GivenAttributes::Value> values;
    for (const auto& [attribute, value] : attributes) values[attribute] = {value, value};
    GivenAttributes given("method", values);
    return read_method("fedavg", given).merge.weights;
  };
  CHECK(weights({{"cohort", "3"}, {"selection", "size"}}) == MergeChoice::Weights::uniform);
  CHECK(weights({{"cohort", "3"}, {"selection", "size"}, {"weights", "samples"}}) == MergeChoice::Weights::samples);
  CHECK(weights({{"cohort", "3"}, {"selection", "oort"}}) == MergeChoice::Weights::samples);
}
