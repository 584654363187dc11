#include "sim/method/selection.hpp"

#include <algorithm>

#include "sim/base/overloaded.hpp"
#include "sim/base/seed.hpp"
#include "sim/method/selections/draws.hpp"

namespace msfusion {

Eligible eligible_devices(const PlannerSetup& setup, const Admission& admission,
                          const std::function<bool(NodeId)>& is_busy, const std::function<bool(NodeId)>& is_present) {
  const ExchangeRow& facts = facts_of(setup.method.exchange.kind);
  const auto is_there = [&](NodeId node) { return !is_present || is_present(node); };
  Eligible eligible;
  if (facts.needs_server && !is_there(setup.fleet.server_node())) return eligible;
  for (NodeId device : admission.members()) {
    if (is_busy(device)) {
      ++eligible.busy;
      continue;
    }
    const bool is_served = !facts.through_edge || is_there(*setup.fleet.node(device).aggregator);
    if (!admission.has_left(device) && is_served && is_there(device)) eligible.devices.push_back(device);
  }
  return eligible;
}

std::uint64_t seed_of_draw(const PlannerSetup& setup, int round, std::size_t began) {
  return derive_seed(setup.seed, Purpose::cohort, began, static_cast<std::uint64_t>(round));
}

std::vector<NodeId> select_participants(const PlannerSetup& setup, const Admission& admission,
                                        const std::function<bool(NodeId)>& is_busy, int round, std::size_t began,
                                        const std::function<bool(NodeId)>& is_present) {
  const ExchangeChoice& exchange = setup.method.exchange;
  Eligible eligible = eligible_devices(setup, admission, is_busy, is_present);
  std::size_t wanted = eligible.devices.size();
  if (exchange.cohort) wanted = std::min(wanted, static_cast<std::size_t>(*exchange.cohort));
  if (exchange.concurrency > 0)
    wanted = std::min(wanted, static_cast<std::size_t>(std::max(0, exchange.concurrency - eligible.busy)));
  return draw_uniformly(std::move(eligible.devices), wanted, seed_of_draw(setup, round, began));
}

std::vector<bool> have_a_part(const PlannerSetup& setup, const Admission& admission, const RoundPlan& plan) {
  const ExchangeRow& facts = facts_of(setup.method.exchange.kind);
  std::vector<bool> result(static_cast<std::size_t>(setup.fleet.nodes()), false);
  const auto add = [&](NodeId node) { result[static_cast<std::size_t>(node)] = true; };
  if (facts.pools_data) {
    for (const Step& step : plan.steps)
      std::visit(Overloaded{
                     [&](const Compute& compute) { add(compute.node); },
                     [&](const Transfer& transfer) {
                       add(transfer.from);
                       add(transfer.to);
                     },
                 },
                 step.what);
    return result;
  }
  if (facts.needs_server) add(setup.fleet.server_node());
  for (NodeId device : admission.members()) {
    add(device);
    if (facts.through_edge) add(*setup.fleet.node(device).aggregator);
  }
  return result;
}

}  // namespace msfusion
