// The devices that take part in a round.
#pragma once

#include <functional>
#include <vector>

#include "sim/method/admission.hpp"
#include "sim/plan/round_plan.hpp"

namespace msfusion {

/// The admitted devices that could take part now, ascending, and how many of the admitted ones are busy.
struct Eligible {
  std::vector<NodeId> devices;
  int busy = 0;
};
Eligible eligible_devices(const PlannerSetup& setup, const Admission& admission,
                          const std::function<bool(NodeId)>& is_busy, const std::function<bool(NodeId)>& is_present);

/// Of a draw in a round that has `began` trainings already.
std::uint64_t seed_of_draw(const PlannerSetup& setup, int round, std::size_t began);

/// The participants of a round where no selection says otherwise, ascending: the admitted devices that are present
/// (`is_present`; none given: all are), reachable through their aggregator and not busy, or as many of them, drawn at
/// random, as the method's cohort or concurrency allows. Nobody where the method's server is away. `began`: how many
/// trainings the round has already.
std::vector<NodeId> select_participants(const PlannerSetup& setup, const Admission& admission,
                                        const std::function<bool(NodeId)>& is_busy, int round, std::size_t began,
                                        const std::function<bool(NodeId)>& is_present);

/// By node: whether it has a part in the method, and so costs something also in a round that leaves it idle. That is
/// every admitted device, drawn or not, the server and aggregators where the exchange goes through them and, where data
/// is pooled, who has something to do in the plan.
std::vector<bool> have_a_part(const PlannerSetup& setup, const Admission& admission, const RoundPlan& plan);

}  // namespace msfusion
