#include "sim/method/admission.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/units.hpp"
#include "sim/method/encoding_attributes.hpp"
#include "sim/plan/split_rules.hpp"

namespace msfusion {

Admission::Admission(const PlannerSetup& setup, TaskCosts& costs, const Rates& rates)
    : setup_(setup),
      drawn_joules_(static_cast<std::size_t>(setup.fleet.size()), 0.0),
      has_left_(static_cast<std::size_t>(setup.fleet.size()), false) {
  if (!facts_of(setup_.method.exchange.kind).pools_data) check_memory(costs, rates);
  check_batteries();
  warn_of_rare_visits();
}

void Admission::check_memory(TaskCosts& costs, const Rates& rates) {
  const ConstraintOptions::Memory policy = setup_.constraints.memory;
  const SplitRuleRow& rule = facts_of(setup_.method.split.rule);
  const std::string smaller =
      rule.partial || rule.narrows ? "a smaller split or batch, split=\"auto\"" : "a smaller model or batch";
  std::string example;
  int too_large = 0;
  for (NodeId device = 0; device < setup_.fleet.size(); ++device) {
    const Device& host = setup_.fleet.node(device);
    double needed = 0;
    for (const WidthSlice& slice : rates.slices_at(device, rates.largest_of(device)))
      needed = std::max(needed, costs.peak_memory_bytes(device, slice));
    const bool known = host.memory_bytes.has_value();
    if (!known && policy != ConstraintOptions::Memory::ignore)
      memory_of(setup_, device, "the memory limit", ", or constraints memory=\"ignore\"");
    const bool fits = !known || needed <= *host.memory_bytes;
    if (!fits) {
      ++too_large;
      if (example.empty())
        example = fmt::format("device {} needs {} to train and has {}", host.name, human(needed, Quantity::bytes),
                              human(*host.memory_bytes, Quantity::bytes));
    }
    if (fits || policy == ConstraintOptions::Memory::ignore) members_.push_back(device);
  }
  if (too_large > 0 && policy == ConstraintOptions::Memory::fail)
    refuse(setup_,
           too_large == 1 ? example
                          : fmt::format("{}, and {} more of {} devices have too little memory", example, too_large - 1,
                                        setup_.fleet.size()),
           smaller + ", or constraints memory=\"exclude\" or \"ignore\"");
  if (too_large > 0)
    warnings_.push_back(fmt::format(
        "the memory of {} of {} devices is too small for {}: {} ({})", too_large, setup_.fleet.size(),
        setup_.method.label,
        policy == ConstraintOptions::Memory::exclude ? "they are excluded" : "the limit is ignored", example));
  if (members_.empty()) refuse(setup_, "every device is excluded: the model fits none", smaller);
}

// What a device did not send waits for its next visit; of few visits most is never sent.
void Admission::warn_of_rare_visits() {
  constexpr int kFewVisits = 3;
  if (!feeds_back(setup_.method.encoding) || sends_copies(setup_.method)) return;
  const ExchangeChoice& exchange = setup_.method.exchange;
  const auto devices = static_cast<std::int64_t>(members_.size());
  // A round of an exchange that does not wait is a merge of a few updates.
  const std::int64_t a_round =
      facts_of(exchange.kind).spans_rounds ? exchange.buffer : exchange.cohort.value_or(setup_.fleet.size());
  const std::int64_t visits = std::int64_t{setup_.training.rounds} * std::min(a_round, devices);
  if (visits >= kFewVisits * devices) return;
  warnings_.push_back(fmt::format(
      "{}: error feedback sends what a message left out with the next one, but {} devices are asked {} times "
      "in all: what is merged is biased",
      setup_.method.label, devices, visits));
}

void Admission::check_batteries() const {
  for (const Device& device : setup_.fleet.devices)
    if (device.battery_joules && !device.has_power)
      refuse(setup_, fmt::format("device {} has a battery, but states no power that would empty it", device.name),
             "a property wattage_per_state=\"IDLE:BUSY\" of the host in the platform file");
}

// Model recharging with the platform's state profiles.
void Admission::observe(const TimedRound& timed) {
  news_.clear();
  const std::size_t devices = std::min(timed.nodes.size(), drawn_joules_.size());
  for (std::size_t device = 0; device < devices; ++device) {
    const Device& host = setup_.fleet.devices[device];
    if (!host.battery_joules) continue;
    drawn_joules_[device] += timed.nodes[device].joules;
    if (has_left_[device] || drawn_joules_[device] < *host.battery_joules) continue;
    has_left_[device] = true;
    news_.push_back(fmt::format("the battery of {} ({}) is empty: it leaves", host.name,
                                human(*host.battery_joules, Quantity::joules)));
  }
}

std::optional<double> Admission::battery_left_joules(NodeId device) const {
  const std::optional<double>& capacity = setup_.fleet.node(device).battery_joules;
  if (!capacity) return std::nullopt;
  return std::max(0.0, *capacity - drawn_joules_[static_cast<std::size_t>(device)]);
}

}  // namespace msfusion
