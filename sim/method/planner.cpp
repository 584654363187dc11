#include "sim/method/planner.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/seed.hpp"
#include "sim/method/encoding_attributes.hpp"
#include "sim/method/exchanges/exchange.hpp"
#include "sim/method/outer_options.hpp"
#include "sim/method/secure_steps.hpp"
#include "sim/method/selection.hpp"
#include "sim/shape/importance.hpp"

namespace msfusion {

namespace {

PlannerSetup with_server(PlannerSetup setup) {
  if (facts_of(setup.method.exchange.kind).needs_server && !setup.fleet.server)
    refuse(setup, "the platform has no server",
           "a host with the property role=\"server\", or its name in <platform server=\"..\">");
  return setup;
}

std::optional<PeerNetwork> peers_of(const PlannerSetup& setup) {
  if (!facts_of(setup.method.exchange.kind).among_peers) return std::nullopt;
  return peer_network(setup.method, setup.fleet.size(), setup.seed);
}

Closing closing_of(const ConstraintOptions& constraints) {
  Closing closing;
  switch (constraints.close) {
    case ConstraintOptions::Close::all:
      break;
    case ConstraintOptions::Close::deadline:
      closing.kind = Closing::Kind::deadline;
      closing.deadline_seconds = constraints.deadline_seconds;
      break;
    case ConstraintOptions::Close::quorum:
      closing.kind = Closing::Kind::quorum;
      closing.fraction = constraints.quorum;
      break;
  }
  return closing;
}

// Numbers of devices that the fleet does not have.
void check_numbers(const PlannerSetup& setup, const Admission& admission) {
  const ExchangeChoice& exchange = setup.method.exchange;
  const auto check = [&](const char* attribute, int number, int most, const std::string& why) {
    if (number > most)
      refuse(setup, fmt::format("{}=\"{}\", but {}", attribute, number, why), fmt::format("at most {}", most));
  };
  const int devices = setup.fleet.size(), members = static_cast<int>(admission.members().size());
  const std::string fleet = fmt::format("the platform has {} device{}", devices, devices == 1 ? "" : "s");
  check("cohort", exchange.cohort.value_or(0), devices, fleet);
  check("candidates", setup.method.selection.candidates.value_or(0), devices, fleet);
  if (setup.method.selection.over_select > 1 && setup.constraints.close == ConstraintOptions::Close::quorum)
    refuse(setup, "over-select with close=\"quorum\": both say how many a round waits for",
           "close=\"all\" or \"deadline\"");
  if (!facts_of(exchange.kind).spans_rounds) return;
  check("concurrency", exchange.concurrency, devices, fleet);
  const int at_work = exchange.concurrency > 0 ? std::min(exchange.concurrency, members) : members;
  check("buffer", exchange.buffer, at_work,
        fmt::format("only {} training{} can be under way at a time", at_work, at_work == 1 ? "" : "s"));
}

// The weights of adapters are no sub-model of the layers' own.
void check_importance(const PlannerSetup& setup) {
  if (!setup.method.importance.is_on()) return;
  if (!setup.shape.adapters.empty()) refuse(setup, "kept-weights with adapters", "one of the two");
  if (competing_weights(setup.shape).all == 0)
    refuse(setup, "kept-weights, but no convolution or linear layer is trained", "a model that has one");
}

// FedNova and SCAFFOLD divide an update by how far its steps carry, which is known for SGD alone.
void check_steps(const PlannerSetup& setup) {
  const MergeKind merge = setup.method.merge.kind;
  if (divides_by_distance(merge) && setup.training.optimiser != TrainingOptions::Optimiser::sgd)
    refuse(
        setup,
        fmt::format("merge=\"{}\" with an optimiser that adapts its steps: how far they carry is known for SGD alone",
                    name_of(kMerges, merge)),
        "optimiser=\"sgd\", or another merge");
}

}  // namespace

PeerNetwork peer_network(const Method& method, int devices, std::uint64_t seed) {
  const ExchangeChoice& exchange = method.exchange;
  PeerGraphOptions options;
  options.kind = exchange.graph;
  options.degree = exchange.degree;
  options.probability = exchange.probability;
  options.radius = exchange.radius;
  options.file = exchange.graph_file;
  options.line = method.line;
  return make_peer_graph(options, devices, seed);
}

Planner::Planner(PlannerSetup setup)
    : setup_(with_server(std::move(setup))),
      coverage_(setup_.shape),
      peers_(peers_of(setup_)),
      costs_(setup_),
      rates_(setup_, costs_),
      admission_(setup_, costs_, rates_),
      flights_(setup_.fleet.size() + 1),
      overlap_(setup_.method.split, setup_.training.rounds) {
  check_numbers(setup_, admission_);
  check_steps(setup_);
  check_importance(setup_);
  if (setup_.method.privacy.secure()) check_secure(setup_);
  if (setup_.method.privacy.clip) privacy_ = privacy_terms(setup_, static_cast<int>(admission_.members().size()));
  if (const auto check = exchange_of(setup_.method.exchange.kind).check) check(setup_, costs_);
  if (facts_of(setup_.method.exchange.kind).draws_cohort && setup_.method.exchange.cohort)
    selector_.emplace(setup_, costs_, rates_, admission_);
}

void Planner::set_teller(Teller teller) {
  if (selector_) selector_->set_teller(std::move(teller));
}

void Planner::note_told(std::vector<std::pair<NodeId, double>> told) {
  if (selector_) selector_->note_told(std::move(told));
}

const std::vector<SelectionNote>& Planner::selection_notes() const {
  static const std::vector<SelectionNote> none;
  return selector_ ? selector_->notes() : none;
}

std::optional<double> Planner::overlap_control() const {
  if (!facts_of(setup_.method.split.rule).shifts) return std::nullopt;
  return overlap_.current();
}

std::vector<double> Planner::rates_of(const std::vector<NodeId>& participants, int round) const {
  std::vector<double> rates;
  for (NodeId device : participants) rates.push_back(rates_.of(device, round));
  return rates;
}

WidthSlice Planner::slice_of(NodeId device, std::size_t position, const std::vector<double>& rates, int round) const {
  const SplitChoice& split = setup_.method.split;
  SplitRequest request{setup_.shape, round, rates, position, 0, {}, 0};
  request.rolling_step = split.direction == SplitChoice::Direction::up ? 1 : -1;
  request.shift = {split.zeta, overlap_.control(round), split.shift == SplitChoice::Shift::decorrelated};
  request.seed =
      derive_seed(setup_.seed, Purpose::subset, static_cast<std::uint64_t>(device), static_cast<std::uint64_t>(round));
  request.depth = rates_.depth_of(device);
  return facts_of(split.rule).slice(request);
}

RoundPlan Planner::plan(int round, const std::function<bool(NodeId)>& is_present) {
  overlap_.begin(round);
  if (facts_of(setup_.method.exchange.kind).pools_data) return plan_of({}, round);
  const auto is_busy = [&](NodeId device) { return flights_.is_busy(device); };
  if (!selector_) return plan_of(select_participants(setup_, admission_, is_busy, round, 0, is_present), round);
  const Eligible eligible = eligible_devices(setup_, admission_, is_busy, is_present);
  const int asked = asked_of(setup_.method.selection, *setup_.method.exchange.cohort);
  const Draw draw =
      selector_->draw(round, eligible.devices, std::min(eligible.devices.size(), static_cast<std::size_t>(asked)),
                      seed_of_draw(setup_, round, 0), [&](NodeId device) { return lone_slice_of(device, round); });
  return plan_of(draw.devices, round, draw.candidates);
}

// Where slices do not depend on who else takes part.
WidthSlice Planner::lone_slice_of(NodeId device, int round) const {
  return slice_of(device, 0, {rates_.of(device, round)}, round);
}

void Planner::restart(RoundPlan& plan, const Arrival& arrival, const std::function<bool(NodeId)>& is_present,
                      const std::function<bool(NodeId)>& is_busy) {
  RoundPlan more =
      plan_of(select_participants(setup_, admission_, is_busy, plan.round, plan.tasks.size(), is_present), plan.round);
  const auto first = static_cast<StepId>(plan.steps.size());
  for (TrainTask& task : more.tasks) {
    task.repeat = static_cast<int>(std::count_if(plan.tasks.begin(), plan.tasks.end(),
                                                 [&](const TrainTask& other) { return other.device == task.device; }));
    plan.tasks.push_back(std::move(task));
  }
  for (Step& step : more.steps) {
    for (StepId& earlier : step.after) earlier += first;
    if (step.after.empty() && arrival.round == plan.round) step.after.push_back(arrival.step);
    plan.steps.push_back(std::move(step));
  }
}

RoundPlan Planner::plan_of(const std::vector<NodeId>& devices, int round, const std::vector<NodeId>& candidates) {
  const std::vector<double> rates = rates_of(devices, round), next_rates = rates_of(devices, round + 1);
  const auto next_slice = [&](std::size_t i) { return slice_of(devices[i], i, next_rates, round + 1); };

  PlanDraft draft{setup_, costs_, coverage_, peers_, next_slice, copies_, holders_, last_models_, {}, {}};
  draft.plan.round = round;
  if (privacy_) draft.plan.private_cohort = privacy_->cohort;
  draft.plan.closing = closing_of(setup_.constraints);
  if (setup_.method.selection.over_select > 1) draft.plan.closing.enough = *setup_.method.exchange.cohort;
  for (const NodeId device : candidates) draft.candidates.push_back({device, lone_slice_of(device, round)});
  for (std::size_t i = 0; i < devices.size(); ++i)
    draft.plan.tasks.push_back(costs_.task(devices[i], rates[i], slice_of(devices[i], i, rates, round)));
  if (setup_.method.privacy.secure())
    add_secure_steps(draft);
  else
    exchange_of(setup_.method.exchange.kind).add_steps(draft);
  return std::move(draft.plan);
}

std::vector<bool> Planner::participants(const RoundPlan& plan) const {
  return have_a_part(setup_, admission_, plan);
}

void Planner::observe(const RoundPlan& plan, const TimedRound& timed, std::optional<double> mean_loss) {
  std::vector<Coverage::Trained> trained;
  for (TaskId id : trained_tasks(plan, timed)) {
    const TrainTask& task = task_of(plan, id);
    trained.push_back({task.device, &task.slice});
    costs_.mark_trained(task.device);
  }
  coverage_.mark(plan.round, trained);
  admission_.observe(timed);
  if (selector_) selector_->observe(plan, timed);
  flights_.observe(plan, timed);
  if (plan.all_reduces) holders_.observe(plan, timed);
  if (facts_of(setup_.method.encoding.kind).votes) last_models_.observe(plan, timed);
  if (sends_copies(setup_.method)) copies_.observe(plan, timed, peers_->neighbours);
  if (mean_loss) overlap_.observe(plan.round, *mean_loss);
}

}  // namespace msfusion
