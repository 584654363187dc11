#include "sim/plan/critical_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dag_shortest_paths.hpp>
#include <cmath>
#include <map>

#include "sim/base/overloaded.hpp"
#include "sim/base/units.hpp"

namespace msfusion {

namespace {

double length(const TimedStep& step) {
  return step.end_seconds - step.start_seconds;
}

std::pair<NodeId, NodeId> ends(const Step& step) {
  return std::visit(Overloaded{
                        [](const Compute& compute) { return std::pair(compute.node, compute.node); },
                        [](const Transfer& transfer) { return std::pair(transfer.from, transfer.to); },
                    },
                    step.what);
}

NodeId responsible(const Step& step, const Fleet& fleet) {
  const auto [from, to] = ends(step);
  if (fleet.is_device(from)) return from;
  return fleet.is_device(to) || from == fleet.server_node() ? to : from;
}

}  // namespace

CriticalPath critical_path(const RoundPlan& plan, const TimedRound& timed, const Fleet& fleet) {
  // Longest path through the done steps: vertex 0 is the round's start, vertex 1 + s is step s, and an edge into a step
  // weighs minus its length, so that the shortest path is the longest chain.
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property,
                                      boost::property<boost::edge_weight_t, double>>;
  const std::size_t vertices = plan.steps.size() + 1;
  Graph graph(vertices);
  const auto done = [&](StepId step) { return timed.steps[static_cast<std::size_t>(step)].fate == Fate::done; };
  // A step that starts when any is done also waited for the ones that failed.
  const auto took_time = [&](StepId step) {
    return done(step) || !std::isnan(timed.steps[static_cast<std::size_t>(step)].end_seconds);
  };
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    if (!took_time(static_cast<StepId>(s))) continue;
    const double weight = -length(timed.steps[s]);
    if (plan.steps[s].after.empty()) boost::add_edge(0, s + 1, weight, graph);
    for (StepId before : plan.steps[s].after)
      boost::add_edge(static_cast<std::size_t>(before) + 1, s + 1, weight, graph);
  }
  std::vector<double> distance(vertices);
  std::vector<std::size_t> previous(vertices);
  boost::dag_shortest_paths(graph, 0, boost::distance_map(distance.data()).predecessor_map(previous.data()));

  CriticalPath path;
  std::size_t last = 0;
  for (std::size_t s = 0; s < plan.steps.size(); ++s)
    if (done(static_cast<StepId>(s)) && (last == 0 || timed.steps[s].end_seconds > timed.steps[last - 1].end_seconds))
      last = s + 1;
  for (std::size_t at = last; at != 0; at = previous[at]) path.steps.push_back(static_cast<StepId>(at) - 1);
  std::reverse(path.steps.begin(), path.steps.end());
  if (path.steps.empty()) return path;

  const auto timed_step = [&](StepId step) -> const TimedStep& { return timed.steps[static_cast<std::size_t>(step)]; };
  path.seconds = timed_step(path.steps.back()).end_seconds - timed_step(path.steps.front()).start_seconds;
  std::map<NodeId, double> seconds_of;
  for (StepId step : path.steps)
    seconds_of[responsible(plan.steps[static_cast<std::size_t>(step)], fleet)] += length(timed_step(step));
  path.node = std::max_element(seconds_of.begin(), seconds_of.end(), [](const auto& a, const auto& b) {
                return a.second < b.second;
              })->first;
  return path;
}

std::vector<CriticalLeg> legs(const CriticalPath& path, const RoundPlan& plan, const TimedRound& timed) {
  std::vector<CriticalLeg> result;
  for (const StepId step : path.steps) {
    const auto at = static_cast<std::size_t>(step);
    const auto [from, to] = ends(plan.steps[at]);
    const TimedStep& when = timed.steps[at];
    if (result.empty() || result.back().from != from || result.back().to != to)
      result.push_back({from, to, when.start_seconds, when.end_seconds, 0});
    result.back().end_seconds = when.end_seconds;
    result.back().seconds += length(when);
  }
  return result;
}

std::string describe(const CriticalPath& path, const RoundPlan& plan, const TimedRound& timed, const Fleet& fleet) {
  std::string result;
  for (const CriticalLeg& leg : legs(path, plan, timed)) {
    const std::string what = leg.from == leg.to
                                 ? fleet.node(leg.from).name + " computes"
                                 : fmt::format("{} -> {}", fleet.node(leg.from).name, fleet.node(leg.to).name);
    result += fmt::format("{}{} {}", result.empty() ? "" : ", ", what, human(leg.seconds, Quantity::seconds));
  }
  return result;
}

}  // namespace msfusion
