#include "reports/summary.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reports/intervals.hpp"
#include "sim/base/error.hpp"
#include "sim/base/units.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

void add(Maybe& sum, const Maybe& value) {
  sum = sum && value ? Maybe(*sum + *value) : std::nullopt;
}

/// A scenario with one of these figures in no round has no sum of it either.
void forget_unknown(Cost& cost, const std::vector<RoundRecord>& rounds) {
  if (rounds.empty()) cost.joules = cost.device_joules = cost.usd = cost.grams_co2 = std::nullopt;
}

/// Low and high ends of a cost's 90 % intervals, where there are any.
void add_intervals(nlohmann::ordered_json& json, const Cost& cost) {
  if (!cost.drawn) return;
  const auto put = [&](const std::string& name, const std::vector<double>& draws) {
    const auto interval = interval_of(draws);
    if (!interval) return;
    json[name + "_low"] = interval->low;
    json[name + "_high"] = interval->high;
  };
  put("seconds", cost.drawn->seconds);
  put("joules", cost.drawn->joules);
  put("usd", cost.drawn->usd);
  put("grams_co2", cost.drawn->grams_co2);
}

nlohmann::ordered_json number(const Maybe& value) {
  return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

std::vector<double> targets_of(const MetaMap& meta, const std::string& store_file, const char* key) {
  std::vector<double> targets;
  const auto found = meta.find(key);
  if (found == meta.end()) return targets;
  std::istringstream words(found->second);
  for (std::string word; words >> word;) {
    const auto value = parse_number(word);
    if (!value || !(*value > 0 && *value <= 1))
      throw UserError(
          Mistake{store_file, 0, "damaged results: the target accuracy \"" + word + "\"", "numbers in (0, 1]"});
    targets.push_back(*value);
  }
  std::sort(targets.begin(), targets.end());
  return targets;
}

RunSummary summarise(const StoreReader& store, const RunRecord& run, const std::vector<double>& targets) {
  RunSummary summary;
  summary.run = run;
  const auto devices = store.devices(run.run);
  const auto rounds = store.rounds(run.run);
  const auto totals = store.device_round_totals(run.run);
  const auto evaluations = store.evaluations(run.run);
  const auto privacy = store.privacy(run.run);
  const auto device_count =
      std::count_if(devices.begin(), devices.end(), [](const DeviceRecord& device) { return !device.is_server; });
  std::map<int, std::shared_ptr<const Drawn>> drawn;
  for (const DrawRecord& record : store.draws(run.run))
    drawn[record.round] = std::make_shared<const Drawn>(drawn_of(record, store.file()));
  Cost cost;
  forget_unknown(cost, rounds);
  if (device_count == 0) cost.bytes_per_device = std::nullopt;
  auto total = totals.begin();
  auto evaluation = evaluations.begin();
  auto guarantee = privacy.begin();
  const auto take_evaluations = [&](int round) {
    for (; evaluation != evaluations.end() && evaluation->round <= round; ++evaluation) {
      auto spent = cost;
      spent.seconds = evaluation->seconds;
      summary.curve.push_back({*evaluation, spent});
    }
  };
  double splits = 0;
  int trainings = 0;
  take_evaluations(-1);  // of the untrained model
  for (const auto& round : rounds) {
    cost.seconds = round.end_seconds;
    cost.bytes += round.bytes_sent;
    if (round.wire_bytes_sent) cost.wire_bytes = cost.wire_bytes.value_or(0) + *round.wire_bytes_sent;
    cost.training_flops += round.training_flops;
    add(cost.joules, round.joules);
    add(cost.device_joules, round.device_joules);
    add(cost.usd, round.usd);
    add(cost.grams_co2, round.grams_co2);
    const auto fleets = drawn.find(round.round);
    cost.drawn = fleets == drawn.end() ? nullptr : fleets->second;
    for (; guarantee != privacy.end() && guarantee->round <= round.round; ++guarantee) {
      cost.epsilon = guarantee->epsilon;
      summary.delta = guarantee->delta;
    }
    for (; total != totals.end() && total->round <= round.round; ++total) {
      splits += total->split;
      trainings += total->participants;
      if (cost.bytes_per_device) *cost.bytes_per_device += total->device_bytes / static_cast<double>(device_count);
    }
    take_evaluations(round.round);
  }
  summary.rounds_done = static_cast<int>(rounds.size());
  summary.total = cost;
  if (trainings > 0) summary.mean_split = splits / trainings;

  for (const auto& point : summary.curve)
    if (!summary.best || point.evaluation.global_accuracy > summary.best->evaluation.global_accuracy)
      summary.best = point;
  for (const double target : targets) {
    const auto first = std::find_if(summary.curve.begin(), summary.curve.end(), [&](const CurvePoint& point) {
      return point.evaluation.global_accuracy >= target;
    });
    summary.targets.push_back(
        {target, first == summary.curve.end() ? std::nullopt : std::optional<CurvePoint>(*first)});
  }
  return summary;
}

std::string summary_json(const StoreReader& store) {
  using Json = nlohmann::ordered_json;
  const auto meta = store.meta();
  const auto targets = targets_of(meta, store.file());
  const auto name = meta.find(meta_key::scenario);
  Json runs = Json::array();
  for (const auto& run : store.runs()) {
    const auto summary = summarise(store, run, targets);
    const auto last = summary.final_point();
    Json reached = Json::array();
    for (const auto& target : summary.targets) {
      const auto& at = target.reached;
      reached.push_back({{"accuracy", target.accuracy},
                         {"round", at ? Json(at->evaluation.round) : Json(nullptr)},
                         {"seconds", at ? Json(at->cost.seconds) : Json(nullptr)},
                         {"bytes", at ? Json(at->cost.bytes) : Json(nullptr)},
                         {"bytes_per_device", at ? number(at->cost.bytes_per_device) : Json(nullptr)},
                         {"flops", at ? Json(at->cost.training_flops) : Json(nullptr)},
                         {"joules", at ? number(at->cost.joules) : Json(nullptr)},
                         {"usd", at ? number(at->cost.usd) : Json(nullptr)},
                         {"grams_co2", at ? number(at->cost.grams_co2) : Json(nullptr)}});
      if (at) add_intervals(reached.back(), at->cost);
    }
    runs.push_back(
        {{"method", run.method},
         {"label", run.label},
         {"seed", run.seed},
         {"state", run.state},
         {"message", run.message},
         {"rounds_planned", run.rounds},
         {"rounds_done", summary.rounds_done},
         {"ended_by", run.ended_by.empty() ? Json(nullptr) : Json(run.ended_by)},
         {"final_accuracy", last ? Json(last->evaluation.global_accuracy) : Json(nullptr)},
         {"best_accuracy", summary.best ? Json(summary.best->evaluation.global_accuracy) : Json(nullptr)},
         {"best_round", summary.best ? Json(summary.best->evaluation.round) : Json(nullptr)},
         {"final_submodel_accuracy", last ? number(last->evaluation.submodel_accuracy) : Json(nullptr)},
         {"final_personal_accuracy", last ? number(last->evaluation.personal_accuracy) : Json(nullptr)},
         {"final_personal_worst_tenth", last ? number(last->evaluation.personal_worst_tenth) : Json(nullptr)},
         {"simulated_seconds", summary.rounds_done ? Json(summary.total.seconds) : Json(nullptr)},
         {"bytes", summary.rounds_done ? Json(summary.total.bytes) : Json(nullptr)},
         {"bytes_per_device", summary.rounds_done ? number(summary.total.bytes_per_device) : Json(nullptr)},
         {"flops", summary.rounds_done ? Json(summary.total.training_flops) : Json(nullptr)},
         {"joules", number(summary.total.joules)},
         {"device_joules", number(summary.total.device_joules)},
         {"usd", number(summary.total.usd)},
         {"grams_co2", number(summary.total.grams_co2)},
         {"epsilon", number(summary.total.epsilon)},
         {"delta", number(summary.delta)},
         {"targets", reached}});
    if (summary.total.wire_bytes) runs.back()["wire_bytes"] = *summary.total.wire_bytes;
    add_intervals(runs.back(), summary.total);
  }
  const Json document = {{"scenario", name == meta.end() ? Json(nullptr) : Json(name->second)}, {"runs", runs}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace msfusion
