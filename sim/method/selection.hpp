// The devices that take part in a round.
#pragma once

#include <functional>
#include <vector>

#include "sim/method/admission.hpp"
#include "sim/plan/round_plan.hpp"

namespace msfusion {

/// The participants of a round, ascending: the admitted devices that are present (`is_present`; none given: all are),
/// reachable through their aggregator and not busy, or as many of them, drawn at random, as the method's cohort or
/// concurrency allows. Nobody where the method's server is away. `began`: how many trainings the round has already.
std::vector<NodeId> select_participants(const PlannerSetup& setup, const Admission& admission,
                                        const std::function<bool(NodeId)>& is_busy, int round, std::size_t began,
                                        const std::function<bool(NodeId)>& is_present);

/// By node: whether it has a part in the method, and so costs something also in a round that leaves it idle. That is
/// every admitted device, drawn or not, the server and aggregators where the exchange goes through them and, where data
/// is pooled, who has something to do in the plan.
std::vector<bool> have_a_part(const PlannerSetup& setup, const Admission& admission, const RoundPlan& plan);

}  // namespace msfusion
