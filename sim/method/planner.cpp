#include "sim/method/planner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cassert>
#include <cmath>
#include <numeric>
#include <set>

#include "sim/base/error.hpp"
#include "sim/base/seed.hpp"
#include "sim/base/units.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/models.hpp"

namespace msfusion {

namespace {

constexpr int kRateSteps = 64;          // "auto" chooses among the multiples of 1/64
constexpr int kPatience = 3;            // rounds without a better mean loss before the adaptive overlap moves
constexpr double kAdaptiveStep = 0.25;  // of what is left to 1
constexpr double kFloatBytes = 4;

int optimiser_slots(const TrainingSpec& training) {
  if (training.optimiser != TrainingSpec::Optimiser::sgd) return 2;
  return training.momentum > 0 ? 1 : 0;
}

int parameter_copies(const Method& method) {
  switch (method.objective.kind) {
    case ObjectiveKind::proximal:
      return 1;
    case ObjectiveKind::control_variates:
      return 2;
    default:
      return 0;
  }
}

bool contrasts(const Method& method) {
  return method.objective.kind == ObjectiveKind::contrastive ||
         method.objective.kind == ObjectiveKind::model_contrastive;
}

PeerGraphOptions::Kind graph_kind(PeerGraph graph) {
  using Kind = PeerGraphOptions::Kind;
  switch (graph) {
    case PeerGraph::complete:
      return Kind::complete;
    case PeerGraph::ring:
      return Kind::ring;
    case PeerGraph::regular:
      return Kind::regular;
    case PeerGraph::erdos_renyi:
      return Kind::erdos_renyi;
    case PeerGraph::small_world:
      return Kind::small_world;
    case PeerGraph::geometric:
      return Kind::geometric;
    case PeerGraph::file:
      return Kind::file;
  }
  return Kind::complete;
}

bool needs_server(const Method& method) {
  switch (method.exchange.kind) {
    case ExchangeKind::server:
    case ExchangeKind::edge:
    case ExchangeKind::asynchronous:
    case ExchangeKind::split:
    case ExchangeKind::logits:
      return true;
    default:
      return false;
  }
}

template <class T>
const T& at(const std::vector<T>& items, NodeId node) {
  return items[static_cast<std::size_t>(node)];
}

[[noreturn]] void refuse(const PlannerSetup& setup, const std::string& found, const std::string& allowed) {
  throw UserError(Mistake{setup.scenario_file, setup.method.line,
                          fmt::format("method {}: {}", setup.method.label, found), allowed});
}

double memory_of(const PlannerSetup& setup, NodeId device, const char* why) {
  const Device& host = setup.fleet.node(device);
  if (!host.memory_bytes)
    refuse(setup, fmt::format("device {} states no memory, but {} needs it", host.name, why),
           "a property memory=\"512MiB\" of the host in the platform file, or constraints memory=\"ignore\"");
  return *host.memory_bytes;
}

}  // namespace

LocalTraining local_training(const TrainingSpec& training, std::int64_t samples) {
  LocalTraining result;
  result.batch = static_cast<int>(std::min<std::int64_t>(training.batch, std::max<std::int64_t>(samples, 1)));
  result.optimiser_slots = optimiser_slots(training);
  if (samples == 0) return result;
  const std::int64_t batches = (samples + training.batch - 1) / training.batch;
  if (training.local_steps) {
    const std::int64_t epochs = *training.local_steps / batches, rest = *training.local_steps % batches;
    result.optimiser_steps = *training.local_steps;
    result.samples = epochs * samples + std::min(samples, rest * training.batch);
  } else {
    result.optimiser_steps = training.local_epochs * batches;
    result.samples = training.local_epochs * samples;
  }
  return result;
}

double narrow_rate(const ModelSpec& model, const SampleShape& samples, const PlannerSetup& setup) {
  for (int step = kRateSteps; step >= 1; --step) {
    const double rate = static_cast<double>(step) / kRateSteps;
    const Shape shape = build_shape(narrowed(model, rate), samples);
    const SliceCost cost = slice_cost(shape, full_slice(shape));
    bool fits = true;
    for (NodeId device = 0; device < setup.fleet.size(); ++device)
      fits = fits && peak_memory_bytes(cost, local_training(setup.training, at(setup.samples, device))) <=
                         memory_of(setup, device, "split=\"auto\"");
    if (fits) return rate;
  }
  refuse(setup, "no width of the model fits the device with the least memory",
         "a smaller model or batch, or more memory");
}

Planner::Planner(PlannerSetup setup)
    : setup_(std::move(setup)),
      coverage_(setup_.shape),
      has_previous_(static_cast<std::size_t>(setup_.fleet.size()) + 1, false),
      in_flight_(static_cast<std::size_t>(setup_.fleet.size()) + 1, false),
      drawn_joules_(static_cast<std::size_t>(setup_.fleet.size()), 0.0),
      is_empty_(static_cast<std::size_t>(setup_.fleet.size()) + 1, false),
      current_control_(setup_.method.split.control),
      next_control_(setup_.method.split.control) {
  const Method& method = setup_.method;
  if (needs_server(method) && !setup_.fleet.server)
    refuse(setup_, "the platform has no server", "a host with the property role=\"server\"");
  if (method.exchange.kind == ExchangeKind::peers) {
    PeerGraphOptions options;
    options.kind = graph_kind(method.exchange.graph);
    options.degree = method.exchange.degree;
    options.probability = method.exchange.probability;
    options.radius = method.exchange.radius;
    options.file = method.exchange.graph_file;
    options.line = method.line;
    peers_ = make_peer_graph(options, setup_.fleet.size(), setup_.seed);
  }
  rates_.resize(static_cast<std::size_t>(setup_.fleet.size()));
  for (NodeId device = 0; device < setup_.fleet.size(); ++device)
    rates_[static_cast<std::size_t>(device)] = settled_rate(device);
  if (method.exchange.kind != ExchangeKind::central) check_memory();
  check_batteries();
  if (method.exchange.kind == ExchangeKind::split) check_cut();
  if (method.exchange.kind == ExchangeKind::edge) check_aggregators();
}

double Planner::settled_rate(NodeId device) {
  const SplitChoice& split = setup_.method.split;
  // A narrow model is already as small as it has to be.
  if (split.rule == SplitRule::full || split.rule == SplitRule::narrow) return 1;
  switch (split.rate.kind) {
    case RateChoice::Kind::given:
      return split.rate.levels.front();
    case RateChoice::Kind::levels: {
      // Consecutive equal blocks of devices, as HeteroFL's "fix".
      const auto level =
          static_cast<std::size_t>(device) * split.rate.levels.size() / static_cast<std::size_t>(setup_.fleet.size());
      return split.rate.levels[level];
    }
    case RateChoice::Kind::device: {
      const Device& host = setup_.fleet.node(device);
      if (!host.split)
        refuse(setup_, fmt::format("split=\"device\", but device {} states no split", host.name),
               "a property split=\"0.25\" of the host in the platform file");
      return *host.split;
    }
    case RateChoice::Kind::automatic:
      break;
  }
  const double available = memory_of(setup_, device, "split=\"auto\"");
  for (int step = kRateSteps; step >= 1; --step) {
    const double rate = static_cast<double>(step) / kRateSteps;
    const SliceCost& cost = cost_of(fixed_slice(setup_.shape, rate));
    LocalTraining training = training_of(device);
    if (contrasts(setup_.method)) training.frozen_models = 2;
    if (peak_memory_bytes(cost, training) <= available && keeps_limits(device, cost, training)) return rate;
  }
  refuse(setup_,
         fmt::format("no slice of the model fits device {} ({})", setup_.fleet.node(device).name,
                     human(available, Quantity::bytes)),
         "a smaller model or batch, more memory, a later deadline, or more energy");
}

// Deadline and energy of a round, as far as one device alone can tell: its own computing and, with a server, the
// model's way there and back on links that it has to itself.
bool Planner::keeps_limits(NodeId device, const SliceCost& cost, const LocalTraining& training) const {
  const Device& host = setup_.fleet.node(device);
  const ConstraintSpec& limits = setup_.constraints;
  const double computing = compute_seconds(cost, training, host);
  if (limits.close == ConstraintSpec::Close::deadline) {
    double seconds = computing;
    const double bytes = kFloatBytes * static_cast<double>(cost.parameters);
    if (needs_server(setup_.method) && host.from_server) seconds += host.from_server->seconds(bytes);
    if (needs_server(setup_.method) && host.to_server) seconds += host.to_server->seconds(bytes);
    if (seconds > limits.deadline_seconds) return false;
  }
  if (!limits.energy_joules) return true;
  if (!host.training_watts)
    refuse(setup_, fmt::format("device {} states no power, but split=\"auto\" has an energy limit to keep", host.name),
           "a property wattage_per_state=\"IDLE:BUSY\" of the host in the platform file");
  return computing * *host.training_watts <= *limits.energy_joules;
}

void Planner::check_memory() {
  const ConstraintSpec::Memory policy = setup_.constraints.memory;
  std::vector<Mistake> mistakes;
  std::string example;
  int too_large = 0;
  for (NodeId device = 0; device < setup_.fleet.size(); ++device) {
    const Device& host = setup_.fleet.node(device);
    const SplitChoice& split = setup_.method.split;
    const double largest = split.rate.kind == RateChoice::Kind::levels && split.rate.dynamic
                               ? *std::max_element(split.rate.levels.begin(), split.rate.levels.end())
                               : at(rates_, device);
    LocalTraining training = training_of(device);
    if (contrasts(setup_.method)) training.frozen_models = 2;
    const double needed = peak_memory_bytes(cost_of(fixed_slice(setup_.shape, largest)), training);
    const bool known = host.memory_bytes.has_value();
    if (!known && policy != ConstraintSpec::Memory::ignore) memory_of(setup_, device, "the memory limit");
    const bool fits = !known || needed <= *host.memory_bytes;
    if (!fits) {
      ++too_large;
      const std::string text = fmt::format("device {} needs {} to train and has {}", host.name,
                                           human(needed, Quantity::bytes), human(*host.memory_bytes, Quantity::bytes));
      if (example.empty()) example = text;
      if (policy == ConstraintSpec::Memory::fail)
        mistakes.push_back(
            {setup_.scenario_file, setup_.method.line, fmt::format("method {}: {}", setup_.method.label, text),
             "a smaller split or batch, split=\"auto\", or constraints memory=\"exclude\" or \"ignore\""});
    }
    if (fits || policy == ConstraintSpec::Memory::ignore) members_.push_back(device);
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
  if (too_large > 0)
    warnings_.push_back(
        fmt::format("the memory of {} of {} devices is too small for {}: {} ({})", too_large, setup_.fleet.size(),
                    setup_.method.label,
                    policy == ConstraintSpec::Memory::exclude ? "they are excluded" : "the limit is ignored", example));
  if (members_.empty())
    refuse(setup_, "every device is excluded: the model fits none", "a smaller model, split or batch");
}

void Planner::check_cut() {
  const std::vector<LayerCost>& layers = cost_of(full_slice(setup_.shape)).layers;
  const auto parametrised_layers =
      std::count_if(layers.begin(), layers.end(), [](const LayerCost& layer) { return layer.parameters > 0; });
  if (setup_.method.exchange.cut < parametrised_layers) return;
  refuse(setup_,
         fmt::format("cut=\"{}\" leaves the server nothing of a model of {} parametrised layers",
                     setup_.method.exchange.cut, parametrised_layers),
         fmt::format("1 to {}", parametrised_layers - 1));
}

std::optional<double> Planner::overlap_control() const {
  if (setup_.method.split.rule != SplitRule::double_shift) return std::nullopt;
  return control(planned_round_);
}

// The windows of round t + 1 are part of plan t, so what the adaptive schedule learns from round t acts on round t + 2.
double Planner::control(int round) const {
  const SplitChoice& split = setup_.method.split;
  switch (split.overlap) {
    case SplitChoice::Overlap::constant:
      return split.control;
    case SplitChoice::Overlap::linear: {
      const int last = setup_.training.rounds - 1;
      return last <= 0 ? 1 : std::min(1.0, split.control + (1 - split.control) * round / last);
    }
    case SplitChoice::Overlap::adaptive:
      break;
  }
  return round <= planned_round_ ? current_control_ : next_control_;
}

void Planner::check_batteries() const {
  for (const Device& device : setup_.fleet.devices)
    if (device.battery_joules && !device.has_power)
      refuse(setup_, fmt::format("device {} has a battery, but states no power that would empty it", device.name),
             "a property wattage_per_state=\"IDLE:BUSY\" of the host in the platform file");
}

void Planner::check_aggregators() const {
  for (const Device& device : setup_.fleet.devices)
    if (!device.aggregator)
      refuse(
          setup_, fmt::format("exchange=\"edge\", but device {} states no aggregator", device.name),
          "a property aggregator=\"HOST\" of the device, and role=\"aggregator\" of that host, in the platform file");
  if (setup_.constraints.close == ConstraintSpec::Close::quorum)
    refuse(setup_, "close=\"quorum\" with exchange=\"edge\": the server hears of sums, not of devices",
           "close=\"all\" or \"deadline\"");
}

// A device whose battery is used up leaves for good. Its owner's charger is a switch of the platform's state profiles.
void Planner::drain_batteries(const TimedRound& timed) {
  news_.clear();
  const std::size_t devices = std::min(timed.nodes.size(), drawn_joules_.size());
  for (std::size_t device = 0; device < devices; ++device) {
    const Device& host = setup_.fleet.devices[device];
    if (!host.battery_joules) continue;
    drawn_joules_[device] += timed.nodes[device].joules;
    if (is_empty_[device] || drawn_joules_[device] < *host.battery_joules) continue;
    is_empty_[device] = true;
    news_.push_back(fmt::format("the battery of {} ({}) is empty: it leaves", host.name,
                                human(*host.battery_joules, Quantity::joules)));
  }
}

std::optional<double> Planner::battery_left_joules(NodeId device) const {
  const std::optional<double>& capacity = setup_.fleet.node(device).battery_joules;
  if (!capacity) return std::nullopt;
  return std::max(0.0, *capacity - at(drawn_joules_, device));
}

std::vector<NodeId> Planner::participants(int round, const std::function<bool(NodeId)>& is_present) const {
  if (is_present && needs_server(setup_.method) && !is_present(setup_.fleet.server_node())) return {};
  std::vector<NodeId> free;
  for (NodeId device : members_) {
    const auto n = static_cast<std::size_t>(device);
    const bool is_served = setup_.method.exchange.kind != ExchangeKind::edge || !is_present ||
                           is_present(*setup_.fleet.node(device).aggregator);
    if (!in_flight_[n] && !is_empty_[n] && is_served && (!is_present || is_present(device))) free.push_back(device);
  }
  const ExchangeChoice& exchange = setup_.method.exchange;
  std::size_t wanted = free.size();
  if (exchange.cohort) wanted = std::min(wanted, static_cast<std::size_t>(*exchange.cohort));
  if (exchange.kind == ExchangeKind::asynchronous && exchange.concurrency > 0) {
    const auto busy = static_cast<std::size_t>(std::count(in_flight_.begin(), in_flight_.end(), true));
    const auto most = static_cast<std::size_t>(exchange.concurrency);
    wanted = std::min(wanted, most > busy ? most - busy : 0);
  }
  if (wanted == free.size()) return free;
  boost::random::mt19937_64 random(derive_seed(setup_.seed, Purpose::cohort, 0, static_cast<std::uint64_t>(round)));
  for (std::size_t i = 0; i < wanted; ++i)
    std::swap(free[i], free[boost::random::uniform_int_distribution<std::size_t>(i, free.size() - 1)(random)]);
  free.resize(wanted);
  std::sort(free.begin(), free.end());
  return free;
}

double Planner::rate_of(NodeId device, int round) const {
  const RateChoice& rate = setup_.method.split.rate;
  if (rate.kind != RateChoice::Kind::levels || !rate.dynamic) return at(rates_, device);
  boost::random::mt19937_64 random(
      derive_seed(setup_.seed, Purpose::rates, static_cast<std::uint64_t>(device), static_cast<std::uint64_t>(round)));
  return rate.levels[boost::random::uniform_int_distribution<std::size_t>(0, rate.levels.size() - 1)(random)];
}

WidthSlice Planner::slice_of(const std::vector<NodeId>& participants, std::size_t position, int round) const {
  const NodeId device = participants[position];
  const SplitChoice& split = setup_.method.split;
  switch (split.rule) {
    case SplitRule::full:
    case SplitRule::narrow:
      return full_slice(setup_.shape);
    case SplitRule::fixed:
      return fixed_slice(setup_.shape, rate_of(device, round));
    case SplitRule::rolling:
      return rolling_slice(setup_.shape, rate_of(device, round), round,
                           split.direction == SplitChoice::Direction::up ? 1 : -1);
    case SplitRule::random:
      return random_slice(setup_.shape, rate_of(device, round),
                          derive_seed(setup_.seed, Purpose::subset, static_cast<std::uint64_t>(device),
                                      static_cast<std::uint64_t>(round)));
    case SplitRule::double_shift:
      break;
  }
  std::vector<double> rates;
  for (NodeId member : participants) rates.push_back(rate_of(member, round));
  return double_shift_slice(setup_.shape, {split.zeta, control(round), split.shift == SplitChoice::Shift::decorrelated},
                            round, rates, position);
}

const SliceCost& Planner::cost_of(const WidthSlice& slice) {
  std::vector<int> lengths;
  for (const IndexSet& set : slice.axes) lengths.push_back(set.length());
  const auto known = costs_.find(lengths);
  return known != costs_.end() ? known->second
                               : costs_.emplace(std::move(lengths), slice_cost(setup_.shape, slice)).first->second;
}

LocalTraining Planner::training_of(NodeId device) const {
  const bool central = setup_.method.exchange.kind == ExchangeKind::central;
  const std::int64_t samples = central ? std::accumulate(setup_.samples.begin(), setup_.samples.end(), std::int64_t{0})
                                       : at(setup_.samples, device);
  LocalTraining training = local_training(setup_.training, samples);
  training.parameter_copies = parameter_copies(setup_.method);
  if (contrasts(setup_.method) && has_previous_[static_cast<std::size_t>(device)]) training.frozen_models = 2;
  return training;
}

TrainTask Planner::task_for(NodeId device, double split, WidthSlice slice) {
  const LocalTraining training = training_of(device);
  const SliceCost& cost = cost_of(slice);
  TrainTask task;
  task.id = next_task_++;
  task.device = device;
  task.split = split;
  task.samples = training.samples;
  task.optimiser_steps = training.optimiser_steps;
  task.parameters = cost.parameters;
  task.forward_macs = cost.forward_macs;
  task.training_flops = training_flops(cost, training);
  task.peak_memory_bytes = peak_memory_bytes(cost, training);
  task.slice = std::move(slice);
  return task;
}

double Planner::work_flops(const TrainTask& task, NodeId node) {
  const Device& host = setup_.fleet.node(node);
  return compute_seconds(cost_of(task.slice), training_of(task.device), host) * host.speed_flops;
}

RoundPlan Planner::plan(int round, const std::function<bool(NodeId)>& is_present) {
  RoundPlan plan;
  plan.round = round;
  planned_round_ = round;
  switch (setup_.constraints.close) {
    case ConstraintSpec::Close::all:
      break;
    case ConstraintSpec::Close::deadline:
      plan.closing.kind = Closing::Kind::deadline;
      plan.closing.deadline_seconds = setup_.constraints.deadline_seconds;
      break;
    case ConstraintSpec::Close::quorum:
      plan.closing.kind = Closing::Kind::quorum;
      plan.closing.fraction = setup_.constraints.quorum;
      break;
  }
  if (setup_.method.exchange.kind == ExchangeKind::central) {
    add_central_steps(plan);
    return plan;
  }
  const std::vector<NodeId> devices = participants(round, is_present);
  for (std::size_t i = 0; i < devices.size(); ++i)
    plan.tasks.push_back(task_for(devices[i], rate_of(devices[i], round), slice_of(devices, i, round)));
  switch (setup_.method.exchange.kind) {
    case ExchangeKind::server:
      add_server_steps(plan);
      break;
    case ExchangeKind::edge:
      add_edge_steps(plan);
      break;
    case ExchangeKind::peers:
      if (setup_.method.merge.kind == MergeKind::gossip) {
        add_gossip_steps(plan);
      } else {
        for (std::size_t i = 0; i < devices.size(); ++i) plan.next_slices.push_back(slice_of(devices, i, round + 1));
        add_peer_steps(plan);
      }
      break;
    case ExchangeKind::asynchronous:
      add_server_steps(plan);
      plan.closing = Closing{};
      plan.closing.kind = Closing::Kind::arrivals;
      plan.closing.arrivals = setup_.method.exchange.buffer;
      plan.closing.keep_in_flight = true;
      break;
    case ExchangeKind::split:
      add_split_steps(plan);
      break;
    case ExchangeKind::logits:
      add_logit_steps(plan);
      break;
    case ExchangeKind::none:
      add_local_steps(plan);
      break;
    case ExchangeKind::central:
      break;
  }
  return plan;
}

void Planner::observe(const RoundPlan& plan, const TimedRound& timed, std::optional<double> mean_loss) {
  std::vector<Coverage::Trained> trained;
  for (TaskId id : trained_tasks(plan, timed)) {
    const TrainTask& task = task_of(plan, id);
    trained.push_back({task.device, &task.slice});
    has_previous_[static_cast<std::size_t>(task.device)] = true;
  }
  coverage_.mark(plan.round, trained);
  drain_batteries(timed);
  if (plan.closing.keep_in_flight) track_flight(plan, timed);
  if (mean_loss) adapt_overlap(*mean_loss, plan.round);
}

// A device is free again when the last step of its task ended, however it ended.
void Planner::track_flight(const RoundPlan& plan, const TimedRound& timed) {
  for (const TrainTask& task : plan.tasks) in_flight_[static_cast<std::size_t>(task.device)] = false;
  for (std::size_t s = 0; s < plan.steps.size(); ++s)
    if (timed.steps[s].fate == Fate::in_flight)
      flying_steps_[{plan.round, static_cast<StepId>(s)}] = task_of(plan, plan.steps[s].task).device;
  for (const CarriedStep& carried : timed.carried) {
    const auto step = flying_steps_.find({carried.round, carried.step});
    assert(step != flying_steps_.end());
    in_flight_[static_cast<std::size_t>(step->second)] = false;
    flying_steps_.erase(step);
  }
  for (const auto& [step, device] : flying_steps_) in_flight_[static_cast<std::size_t>(device)] = true;
}

void Planner::adapt_overlap(double mean_loss, int round) {
  current_control_ = next_control_;
  const bool better = round == 0 || mean_loss < best_loss_;
  if (better) best_loss_ = mean_loss;
  stalled_rounds_ = better ? 0 : stalled_rounds_ + 1;
  if (stalled_rounds_ < kPatience) return;
  next_control_ += kAdaptiveStep * (1 - next_control_);
  stalled_rounds_ = 0;
}

std::vector<TaskId> trained_tasks(const RoundPlan& plan, const TimedRound& timed) {
  std::map<TaskId, bool> done;
  std::set<TaskId> sent;  // what a device computes after that is no part of the training: DS-FL distils then
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    if (transfer && transfer->cargo == Cargo::trained) sent.insert(plan.steps[s].task);
    const auto* compute = std::get_if<Compute>(&plan.steps[s].what);
    if (!compute || sent.count(plan.steps[s].task) > 0) continue;
    if (compute->node != task_of(plan, plan.steps[s].task).device) continue;
    const Fate fate = timed.steps[s].fate;
    done[plan.steps[s].task] = fate == Fate::done || fate == Fate::in_flight;
  }
  std::vector<TaskId> tasks;
  for (const auto& [task, is_done] : done)
    if (is_done) tasks.push_back(task);
  return tasks;
}

const TrainTask& task_of(const RoundPlan& plan, TaskId id) {
  // Ids are consecutive within a plan.
  assert(!plan.tasks.empty() && id >= plan.tasks.front().id && id <= plan.tasks.back().id);
  return plan.tasks[static_cast<std::size_t>(id - plan.tasks.front().id)];
}

}  // namespace msfusion
