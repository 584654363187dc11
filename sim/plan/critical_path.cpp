#include "sim/plan/critical_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/dag_shortest_paths.hpp>
#include <cmath>
#include <map>
#include <numeric>

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

// For each transfer that was ready before it started, the send of the same node whose end made room for it.
std::map<StepId, StepId> turns_waited_for(const RoundPlan& plan, const TimedRound& timed) {
  const auto timed_step = [&](StepId step) -> const TimedStep& { return timed.steps[static_cast<std::size_t>(step)]; };
  std::map<std::pair<NodeId, double>, StepId> send_that_ended;
  for (std::size_t s = 0; s < plan.steps.size(); ++s)
    if (const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what))
      if (!std::isnan(timed.steps[s].end_seconds))
        send_that_ended[{transfer->from, timed.steps[s].end_seconds}] = static_cast<StepId>(s);
  std::map<StepId, StepId> result;
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    if (!transfer) continue;
    const double start = timed.steps[s].start_seconds;
    double ready = timed.start_seconds;
    for (StepId before : plan.steps[s].after) ready = std::max(ready, timed_step(before).end_seconds);
    if (!(start > ready)) continue;  // also where it never started
    const auto earlier = send_that_ended.find({transfer->from, start});
    // Waiting goes forward in time, so the graph stays free of cycles.
    if (earlier != send_that_ended.end() && timed_step(earlier->second).start_seconds < start)
      result.emplace(static_cast<StepId>(s), earlier->second);
  }
  return result;
}

bool comes_after(const Step& step, StepId earlier) {
  return std::find(step.after.begin(), step.after.end(), earlier) != step.after.end();
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
  for (const auto& [step, earlier] : turns_waited_for(plan, timed))
    if (took_time(step) && took_time(earlier))
      boost::add_edge(static_cast<std::size_t>(earlier) + 1, static_cast<std::size_t>(step) + 1,
                      -length(timed.steps[static_cast<std::size_t>(step)]), graph);
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
  for (std::size_t i = 0; i < path.steps.size(); ++i) {
    const auto at = static_cast<std::size_t>(path.steps[i]);
    const auto [from, to] = ends(plan.steps[at]);
    const TimedStep& when = timed.steps[at];
    const bool only_made_room = i + 1 < path.steps.size() &&
                                !comes_after(plan.steps[static_cast<std::size_t>(path.steps[i + 1])], path.steps[i]);
    if (result.empty() || result.back().from != from || result.back().to != to || only_made_room ||
        result.back().only_made_room)
      result.push_back({from, to, when.start_seconds, when.end_seconds, 0, only_made_room});
    result.back().end_seconds = when.end_seconds;
    result.back().seconds += length(when);
  }
  return result;
}

std::string describe(const CriticalPath& path, const RoundPlan& plan, const TimedRound& timed, const Fleet& fleet) {
  std::string result;
  const std::vector<CriticalLeg> all = legs(path, plan, timed);
  for (auto leg = all.begin(); leg != all.end();) {
    // Earlier sends of the same node that delayed this one are one item, whatever their receivers.
    const auto end = std::find_if(
        leg, all.end(), [&](const CriticalLeg& other) { return !other.only_made_room || other.from != leg->from; });
    std::string what;
    double seconds = leg->seconds;
    if (const auto sends = end - leg; sends > 0) {
      what = fmt::format("{} earlier send{} of {}", sends, sends == 1 ? "" : "s", fleet.node(leg->from).name);
      seconds = std::accumulate(leg, end, 0.0, [](double sum, const CriticalLeg& one) { return sum + one.seconds; });
      leg = end;
    } else {
      what = leg->from == leg->to ? fleet.node(leg->from).name + " computes"
                                  : fmt::format("{} -> {}", fleet.node(leg->from).name, fleet.node(leg->to).name);
      ++leg;
    }
    result += fmt::format("{}{} {}", result.empty() ? "" : ", ", what, human(seconds, Quantity::seconds));
  }
  return result;
}

}  // namespace msfusion
