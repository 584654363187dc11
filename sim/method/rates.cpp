#include "sim/method/rates.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "sim/base/seed.hpp"
#include "sim/base/units.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/plan/trained_shape.hpp"

namespace msfusion {

namespace {

constexpr int kRateSteps = 64;  // "auto" chooses among the multiples of 1/64

}  // namespace

double narrow_rate(const ModelOptions& model, const SampleShape& samples, const PlannerSetup& setup) {
  for (int step = kRateSteps; step >= 1; --step) {
    const double rate = static_cast<double>(step) / kRateSteps;
    const Shape shape = trained_shape(model, rate, samples, setup.training);
    const WidthSlice slice = full_slice(shape);
    const SliceCost cost = device_cost(shape, slice, setup.method.exchange);
    const auto kept = static_cast<double>(kept_bytes(setup.method.encoding, shape, slice));
    bool fits = true;
    for (NodeId device = 0; device < setup.fleet.size(); ++device)
      fits = fits && peak_memory_bytes(cost, local_training(setup.training, setup.samples_of(device))) + kept <=
                         memory_of(setup, device, "split=\"auto\"");
    if (fits) return rate;
  }
  refuse(setup, "no width of the model fits the device with the least memory",
         "a smaller model or batch, or more memory");
}

Rates::Rates(const PlannerSetup& setup, TaskCosts& costs) : setup_(setup) {
  for (NodeId device = 0; device < setup_.fleet.size(); ++device) settled_.push_back(settled(device, costs));
}

bool Rates::is_redrawn() const {
  const RateChoice& rate = setup_.method.split.rate;
  return rate.kind == RateChoice::Kind::levels && rate.dynamic;
}

double Rates::of(NodeId device, int round) const {
  if (!is_redrawn()) return settled_[static_cast<std::size_t>(device)];
  const std::vector<double>& levels = setup_.method.split.rate.levels;
  boost::random::mt19937_64 random(
      derive_seed(setup_.seed, Purpose::rates, static_cast<std::uint64_t>(device), static_cast<std::uint64_t>(round)));
  return levels[boost::random::uniform_int_distribution<std::size_t>(0, levels.size() - 1)(random)];
}

double Rates::largest_of(NodeId device) const {
  const std::vector<double>& levels = setup_.method.split.rate.levels;
  return is_redrawn() ? *std::max_element(levels.begin(), levels.end()) : settled_[static_cast<std::size_t>(device)];
}

double Rates::depth_of(NodeId device) const {
  const std::vector<double>& levels = setup_.method.split.depth;
  if (levels.empty()) return 1;
  return levels[static_cast<std::size_t>(device) * levels.size() / static_cast<std::size_t>(setup_.fleet.size())];
}

std::vector<WidthSlice> Rates::slices_at(NodeId device, double rate) const {
  const WidthSlice first = fixed_slice(setup_.shape, rate, depth_of(device));
  if (setup_.shape.blocks.empty() || setup_.method.split.rule == SplitRule::fixed) return {first};
  std::vector<WidthSlice> all;
  const IndexSet& blocks = first.axes.back();
  for (int start = 0; start < blocks.size(); ++start) {
    all.push_back(first);
    all.back().axes.back() = IndexSet::window(start, blocks.length(), blocks.size());
    if (blocks.length() == blocks.size()) break;
  }
  return all;
}

double Rates::settled(NodeId device, TaskCosts& costs) const {
  const SplitChoice& split = setup_.method.split;
  // A narrow model is already as small as it has to be.
  if (!facts_of(split.rule).partial) return 1;
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
      const std::vector<double>& widths = split.nested.widths;
      if (!widths.empty() && std::find(widths.begin(), widths.end(), *host.split) == widths.end())
        refuse(setup_,
               fmt::format("device {} states split=\"{}\", which is none of the widths that steps draw from", host.name,
                           *host.split),
               fmt::format("one of {}", fmt::join(widths, ", ")));
      return *host.split;
    }
    case RateChoice::Kind::automatic:
      break;
  }
  return widest_that_fits(device, costs);
}

double Rates::widest_that_fits(NodeId device, TaskCosts& costs) const {
  const double available = memory_of(setup_, device, "split=\"auto\"");
  std::vector<double> rates = setup_.method.split.nested.widths;
  if (rates.empty())
    for (int step = 1; step <= kRateSteps; ++step) rates.push_back(static_cast<double>(step) / kRateSteps);
  std::sort(rates.rbegin(), rates.rend());
  for (const double rate : rates) {
    const std::vector<WidthSlice> slices = slices_at(device, rate);
    if (std::all_of(slices.begin(), slices.end(), [&](const WidthSlice& slice) {
          return costs.peak_memory_bytes(device, slice) <= available && keeps_limits(device, slice, costs);
        }))
      return rate;
  }
  std::string advice = "a smaller model or batch, or more memory";
  if (setup_.constraints.close == ConstraintOptions::Close::deadline) advice += ", or a later deadline";
  if (setup_.constraints.energy_joules) advice += ", or more energy";
  refuse(setup_,
         fmt::format("no slice of the model fits device {} ({})", setup_.fleet.node(device).name,
                     human(available, Quantity::bytes)),
         advice);
}

// Deadline and energy of a round, from one device alone: its own computing and, with a server, sending
// the model there and back on links that it has to itself.
bool Rates::keeps_limits(NodeId device, const WidthSlice& slice, TaskCosts& costs) const {
  const Device& host = setup_.fleet.node(device);
  const ConstraintOptions& limits = setup_.constraints;
  const double computing =
      costs.training_seconds(slice, costs.largest_training_of(device), host) + costs.coding_seconds(slice, device);
  if (limits.close == ConstraintOptions::Close::deadline) {
    double seconds = computing;
    const auto up = static_cast<double>(message_bytes(setup_.method.encoding, setup_.shape, slice));
    const auto down = static_cast<double>(message_bytes(of_down_link(setup_.method.encoding), setup_.shape, slice));
    const bool needs_server = facts_of(setup_.method.exchange.kind).needs_server;
    if (needs_server && host.from_server) seconds += host.from_server->seconds(down);
    if (needs_server && host.to_server) seconds += host.to_server->seconds(up);
    if (seconds > limits.deadline_seconds) return false;
  }
  if (!limits.energy_joules) return true;
  if (!host.training_watts)
    refuse(setup_, fmt::format("device {} states no power, but split=\"auto\" has an energy limit to keep", host.name),
           "a property wattage_per_state=\"IDLE:BUSY\" of the host in the platform file");
  return computing * *host.training_watts <= *limits.energy_joules;
}

}  // namespace msfusion
