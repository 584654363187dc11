// Small plans and platforms for tests, and timed rounds as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/plan/round_plan.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

/// Collects steps; each call returns the new step's id.
class PlanBuilder {
 public:
  explicit PlanBuilder(int round = 0, Closing closing = {});
  TaskId task(NodeId device);
  StepId compute(NodeId node, double flops, std::vector<StepId> after = {}, TaskId task = -1);
  StepId transfer(NodeId from, NodeId to, double bytes, std::vector<StepId> after = {}, TaskId task = -1);
  RoundPlan plan;
};

/// Down, compute, up for each device; task i belongs to devices[i]. The server is node `server`.
RoundPlan star_round(const std::vector<NodeId>& devices, NodeId server, double bytes, double flops, int round = 0,
                     Closing closing = {});

TimingOptions on_platform(const std::string& name);  ///< of tests/timing/platforms

/// {"start", "end", "steps": [[start, end, fate]], "nodes": [[busy, sent, received, joules]], "links": {name: [bytes,
/// joules]}, "carried": [[round, step, end, fate]], "spans": per node [["csr", from, to]], "off": [seconds of
/// each node]}
nlohmann::json to_json(const TimedRound& round);

/// The names that fates have in to_json.
std::string fate_name(Fate fate);

}  // namespace msfusion
