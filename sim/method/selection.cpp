#include "sim/method/selection.hpp"

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>

#include "sim/base/overloaded.hpp"
#include "sim/base/seed.hpp"

namespace msfusion {

std::vector<NodeId> select_participants(const PlannerSetup& setup, const Admission& admission, const Flights& flights,
                                        int round, const std::function<bool(NodeId)>& is_present) {
  const ExchangeChoice& exchange = setup.method.exchange;
  const ExchangeRow& facts = facts_of(exchange.kind);
  const auto is_there = [&](NodeId node) { return !is_present || is_present(node); };
  if (facts.needs_server && !is_there(setup.fleet.server_node())) return {};
  std::vector<NodeId> free;
  for (NodeId device : admission.members()) {
    const bool is_served = !facts.through_edge || is_there(*setup.fleet.node(device).aggregator);
    if (!flights.is_busy(device) && !admission.has_left(device) && is_served && is_there(device))
      free.push_back(device);
  }
  std::size_t wanted = free.size();
  if (exchange.cohort) wanted = std::min(wanted, static_cast<std::size_t>(*exchange.cohort));
  if (exchange.concurrency > 0)
    wanted = std::min(wanted, static_cast<std::size_t>(std::max(0, exchange.concurrency - flights.busy_devices())));
  if (wanted == free.size()) return free;
  boost::random::mt19937_64 random(derive_seed(setup.seed, Purpose::cohort, 0, static_cast<std::uint64_t>(round)));
  for (std::size_t i = 0; i < wanted; ++i)
    std::swap(free[i], free[boost::random::uniform_int_distribution<std::size_t>(i, free.size() - 1)(random)]);
  free.resize(wanted);
  std::sort(free.begin(), free.end());
  return free;
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
