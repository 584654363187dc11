#include "sim/experiment/plan_json.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/base/overloaded.hpp"
#include "sim/plan/critical_path.hpp"

namespace msfusion {

namespace {

using Json = nlohmann::ordered_json;

Json known(const Maybe& value) {
  return value ? Json(*value) : Json();
}

// The link that is the narrowest between two nodes.
std::string narrowest_link(const Timing& timing, NodeId from, NodeId to) {
  const RouteInfo route = timing.route(from, to);
  const auto& links = timing.links();
  const auto narrowest = std::min_element(route.links.begin(), route.links.end(), [&](int a, int b) {
    return links[static_cast<std::size_t>(a)].bandwidth_bytes_per_second <
           links[static_cast<std::size_t>(b)].bandwidth_bytes_per_second;
  });
  return narrowest == route.links.end() ? "" : links[static_cast<std::size_t>(*narrowest)].name;
}

struct PathJson {
  Json steps = Json::array();
  Json limited_by;  // null where nothing was done
};

PathJson path_json(const Timing& timing, const RoundPlan& plan, const TimedRound& timed) {
  PathJson result;
  std::map<std::string, double> seconds_of;
  const Fleet& fleet = timing.fleet();
  for (StepId id : critical_path(plan, timed, fleet).steps) {
    const auto at = static_cast<std::size_t>(id);
    const double start = timed.steps[at].start_seconds - timed.start_seconds,
                 end = timed.steps[at].end_seconds - timed.start_seconds;
    Json step;
    std::visit(Overloaded{[&](const Compute& compute) {
                            const std::string& name = fleet.node(compute.node).name;
                            step = {{"step", "compute"}, {"node", name}};
                            seconds_of[name] += end - start;
                          },
                          [&](const Transfer& transfer) {
                            const std::string link = narrowest_link(timing, transfer.from, transfer.to);
                            step = {{"step", "transfer"},
                                    {"from", fleet.node(transfer.from).name},
                                    {"to", fleet.node(transfer.to).name},
                                    {"bytes", transfer.bytes},
                                    {"link", link}};
                            seconds_of[link] += end - start;
                          }},
               plan.steps[at].what);
    step["start_seconds"] = start;
    step["end_seconds"] = end;
    result.steps.push_back(std::move(step));
  }
  if (!seconds_of.empty())
    result.limited_by = std::max_element(seconds_of.begin(), seconds_of.end(), [](const auto& a, const auto& b) {
                          return a.second < b.second;
                        })->first;
  return result;
}

Json window_json(const Axis& axis, const IndexSet& set) {
  Json window = {{"axis", axis.name}, {"start", set.start()}, {"length", set.length()}, {"size", set.size()}};
  if (!set.is_window()) {
    window["start"] = nullptr;
    window["units"] = set.units();
  }
  return window;
}

}  // namespace

std::string round_json(const Shape& shape, const Timing& timing, const RoundPlan& plan, const TimedRound& timed,
                       const RoundResult& result, bool windows) {
  const RoundRecord& round = result.round;
  PathJson path = path_json(timing, plan, timed);
  Json json = {{"round", round.round},
               {"seconds", round.end_seconds - round.start_seconds},
               {"joules", known(round.joules)},
               {"usd", known(round.usd)},
               {"grams_co2", known(round.grams_co2)},
               {"bytes", round.bytes_sent},
               {"wire_bytes", known(round.wire_bytes_sent)},
               {"completed", round.completed},
               {"coverage", known(round.coverage)},
               {"limited_by", std::move(path.limited_by)},
               {"critical_path", std::move(path.steps)},
               {"devices", Json::array()}};
  for (const DeviceRoundRecord& row : result.devices) {
    const TrainTask& task = *std::find_if(plan.tasks.begin(), plan.tasks.end(),
                                          [&](const TrainTask& one) { return one.device == row.device; });
    Json device = {{"name", timing.fleet().node(task.device).name},
                   {"split", task.split},
                   {"parameters", row.parameters},
                   {"forward_macs", task.forward_macs},
                   {"training_flops", row.training_flops},
                   {"peak_memory_bytes", row.peak_memory_bytes},
                   {"bytes_sent", row.bytes_sent},
                   {"bytes_received", row.bytes_received},
                   {"wire_bytes_sent", known(row.wire_bytes_sent)},
                   {"compute_seconds", row.busy_seconds},
                   {"joules", known(row.joules)},
                   {"usd", known(row.usd)},
                   {"grams_co2", known(row.grams_co2)},
                   {"fate", row.fate}};
    if (windows) {
      Json& all = device["windows"] = Json::array();
      for (std::size_t axis = 0; axis < shape.axes.size(); ++axis)
        all.push_back(window_json(shape.axes[axis], task.slice.axes[axis]));
    }
    json["devices"].push_back(std::move(device));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace msfusion
