#include "reports/page_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/intervals.hpp"
#include "reports/page_fleet.hpp"
#include "reports/page_groups.hpp"
#include "reports/page_json.hpp"
#include "reports/page_timeline.hpp"
#include "reports/page_trained.hpp"
#include "reports/statistics.hpp"
#include "reports/table.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

// What a page can carry: beyond it, rounds are left out evenly and the page says so.
constexpr std::size_t kMostTimelineBytes = 1200000;  // all methods together

/// Many runs have fewer points each: a curve beside a hundred others is not looked at closely.
std::size_t most_curve_points(std::size_t runs) {
  constexpr std::size_t kMostOfAll = 30000, kFewest = 60;
  return std::clamp(kMostOfAll / std::max<std::size_t>(runs, 1), kFewest, kMostCurvePoints);
}

Json curve_of(const RunSummary& summary, std::size_t most, bool& thinned) {
  Json curve = {{"round", Json::array()},        {"seconds", Json::array()},      {"bytes", Json::array()},
                {"joules", Json::array()},       {"usd", Json::array()},          {"accuracy", Json::array()},
                {"loss", Json::array()},         {"sub_accuracy", Json::array()}, {"sub_loss", Json::array()},
                {"disagreement", Json::array()}, {"own_accuracy", Json::array()}, {"epsilon", Json::array()}};
  thinned = thinned || summary.curve.size() > most;
  for (const auto i : evenly(summary.curve.size(), most)) {
    const auto& point = summary.curve[i];
    curve["round"].push_back(shown_round(point.evaluation.round));
    curve["seconds"].push_back(compact(point.cost.seconds));
    curve["bytes"].push_back(compact(point.cost.bytes));
    curve["joules"].push_back(number(point.cost.joules));
    curve["usd"].push_back(number(point.cost.usd));
    curve["epsilon"].push_back(number(point.cost.epsilon));
    curve["accuracy"].push_back(compact(point.evaluation.global_accuracy));
    curve["loss"].push_back(compact(point.evaluation.global_loss));
    curve["sub_accuracy"].push_back(number(point.evaluation.submodel_accuracy));
    curve["sub_loss"].push_back(number(point.evaluation.submodel_loss));
    curve["disagreement"].push_back(number(point.evaluation.disagreement));
    curve["own_accuracy"].push_back(number(point.evaluation.personal_accuracy));
  }
  return curve;
}

Json coverage_of(const std::vector<RoundRecord>& rounds, std::size_t most) {
  Json coverage = {
      {"round", Json::array()}, {"now", Json::array()}, {"ever", Json::array()}, {"control", Json::array()}};
  for (const auto i : evenly(rounds.size(), most)) {
    coverage["round"].push_back(shown_round(rounds[i].round));
    coverage["now"].push_back(number(rounds[i].coverage));
    coverage["ever"].push_back(number(rounds[i].coverage_ever));
    coverage["control"].push_back(number(rounds[i].overlap_control));
  }
  return coverage;
}

Json privacy_of(const std::vector<PrivacyRecord>& rounds, std::size_t most) {
  Json privacy = {
      {"round", Json::array()}, {"epsilon", Json::array()}, {"clip", Json::array()}, {"shortened", Json::array()}};
  for (const auto i : evenly(rounds.size(), most)) {
    privacy["round"].push_back(shown_round(rounds[i].round));
    privacy["epsilon"].push_back(number(rounds[i].epsilon));
    privacy["clip"].push_back(number(rounds[i].clip));
    privacy["shortened"].push_back(number(rounds[i].shortened));
  }
  return privacy;
}

/// What a device did in all runs of a method.
struct DeviceSums {
  double bytes = 0, joules = 0;
  ActivityTotals did;
  bool joules_known = true;
  int rounds = 0;
  std::map<std::string, int> fates;
  int critical = 0;
  std::vector<double> accuracies;  ///< of the last evaluation, per seed
};

std::size_t device_count(const std::vector<DeviceRecord>& devices) {
  return static_cast<std::size_t>(
      std::count_if(devices.begin(), devices.end(), [](const DeviceRecord& device) { return !device.is_server; }));
}

/// What the runs of one method come to.
struct MethodSums {
  std::map<NodeId, DeviceSums> devices;
  std::vector<int> runs;
  double seconds = 0;
};

void add_run(MethodSums& sums, const StoreReader& reader, const RunSummary& summary,
             const std::vector<RoundRecord>& rounds) {
  const int run = summary.run.run;
  for (const auto& round : rounds)
    if (round.critical_node) ++sums.devices[*round.critical_node].critical;
  for (const auto& total : reader.device_totals(run)) {
    auto& sum = sums.devices[total.device];
    sum.bytes += total.bytes;
    sum.joules_known = sum.joules_known && total.joules;
    sum.joules += total.joules.value_or(0);
    sum.rounds += total.rounds;
    for (const auto& [fate, count] : total.fates) sum.fates[fate] += count;
  }
  for (const auto& total : reader.activity_totals(run)) {
    auto& did = sums.devices[total.device].did;
    did.compute += total.compute;
    did.send += total.send;
    did.receive += total.receive;
    did.both += total.both;
    did.off += total.off;
  }
  if (!summary.curve.empty())
    for (const auto& score : reader.device_evaluations(run, summary.curve.back().evaluation.round))
      sums.devices[score.device].accuracies.push_back(score.accuracy);
  sums.runs.push_back(run);
  sums.seconds += summary.total.seconds;
}

/// A device, and the means over the method's runs of what it did.
Json device_json(const DeviceRecord& device, const MethodSums& sums) {
  Json json = {
      {"id", device.device},
      {"name", clean_text(device.name)},
      {"kind", clean_text(device.kind)},
      {"server", device.is_server},
      {"flops", compact(device.speed_flops)},
      {"memory", number(device.memory_bytes)},
      {"samples", device.samples},
      {"at", device.peer_x && device.peer_y ? Json{compact(*device.peer_x), compact(*device.peer_y)} : Json(nullptr)}};
  const auto found = sums.devices.find(device.device);
  if (found == sums.devices.end()) return json;
  const auto& sum = found->second;
  const auto& did = sum.did;
  const auto count = static_cast<double>(sums.runs.size());
  const auto accuracy = estimate(sum.accuracies);
  // In rounds without a row a node was idle.
  const double idle = sums.seconds - did.compute - did.send - did.receive - did.both - did.off;
  json["busy"] = compact(did.compute / count);
  json["time"] = {compact(did.compute / count),         compact(did.send / count),
                  compact(did.receive / count),         compact(did.both / count),
                  compact(std::max(0.0, idle) / count), compact(did.off / count)};
  json["bytes"] = compact(sum.bytes / count);
  json["joules"] = sum.rounds && sum.joules_known ? Json(compact(sum.joules / count)) : Json(nullptr);
  json["rounds"] = sum.rounds;
  json["fates"] = sum.fates;
  json["critical"] = sum.critical;
  json["accuracy"] = accuracy ? Json(compact(accuracy->mean)) : Json(nullptr);
  return json;
}

/// What was left out because a page cannot carry it.
struct Thinned {
  bool curves = false;
  TimelineThinning timelines;
};

std::vector<std::string> notes_on(const Thinned& thinned, std::size_t points) {
  std::vector<std::string> notes;
  if (thinned.curves) notes.push_back(fmt::format("Curves show {} evenly spaced evaluations of each run.", points));
  if (thinned.timelines.spans)
    notes.emplace_back("Timelines of rounds with very many steps merge moments too short to see.");
  if (thinned.timelines.rounds)
    notes.emplace_back("Timelines show evenly spaced rounds of each method's first seed, not every round.");
  return notes;
}

/// One run in detail: what a chart shows of a method's first seed alone.
Json run_in_detail(const StoreReader& reader, std::size_t method, const RunSummary& summary,
                   const std::vector<RoundRecord>& rounds, std::size_t most_bytes, TimelineThinning& thinned) {
  const int run = summary.run.run;
  const auto devices = reader.devices(run);
  const auto device_rounds = reader.device_rounds(run);
  std::map<std::pair<int, NodeId>, std::string> fates;
  for (const auto& record : device_rounds) fates[{record.round, record.device}] = record.fate;
  auto coverage = coverage_json(reader.coverage(run));
  return {{"method", method},
          {"seed", std::to_string(summary.run.seed)},
          {"seconds", compact(summary.total.seconds)},
          {"timeline", timeline(reader, run, rounds, fates, most_bytes, thinned)},
          {"joints", joints_json(reader.joints(run))},
          {"peers", peers_json(reader.peers(run), device_count(devices))},
          {"batteries", batteries_json(reader, run, devices, rounds)},
          {"switches", switches_json(state_profiles(reader, run), summary.total.seconds)},
          {"axes", std::move(coverage.axes)},
          {"staleness", std::move(coverage.staleness)},
          {"overlap", overlap_json(device_rounds)}};
}

/// Adds one method's runs, details, devices and links to the page's data.
void add_method(Json& data, const Results& results, std::size_t m, Thinned& thinned) {
  const auto& method = results.methods[m];
  const auto& reader = results.stores[method.store].reader;
  MethodSums sums;
  const auto most = most_curve_points(results.runs.size());
  for (const auto r : method.runs) {
    const auto& summary = results.runs[r].summary;
    const auto rounds = reader.rounds(summary.run.run);
    data["runs"].push_back({{"method", m},
                            {"seed", std::to_string(summary.run.seed)},
                            {"state", summary.run.state},
                            {"split", number(summary.mean_split)},
                            {"rounds", summary.rounds_done},
                            {"curve", curve_of(summary, most, thinned.curves)},
                            {"coverage", coverage_of(rounds, most)},
                            {"privacy", privacy_of(reader.privacy(summary.run.run), most)}});
    add_run(sums, reader, summary, rounds);
    if (r == method.runs.front())
      data["details"].push_back(
          run_in_detail(reader, m, summary, rounds, kMostTimelineBytes / results.methods.size(), thinned.timelines));
  }
  Json list = Json::array();
  for (const auto& device : reader.devices(sums.runs.front())) list.push_back(device_json(device, sums));
  data["devices"].push_back({{"method", m}, {"list", std::move(list)}});
  auto links = links_json(reader, sums.runs);
  links["method"] = m;
  data["links"].push_back(std::move(links));
}

/// A value and the ends of its interval; null where either is unknown.
Json with_ends(const Maybe& value, const std::vector<double>& draws) {
  const auto interval = interval_of(draws);
  return value && interval ? Json{compact(*value), compact(interval->low), compact(interval->high)} : Json(nullptr);
}

Maybe mean_of(const std::optional<Estimate>& figure) {
  return figure ? Maybe(figure->mean) : std::nullopt;
}

/// What each method spent until a target, or (none) in all, in drawn fleets; null where no method has draws.
Json race_json(const Results& results, const std::optional<double>& target) {
  Json rows = Json::array();
  std::vector<std::vector<double>> seconds;
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const MethodResults& method = results.methods[m];
    Drawn drawn;
    std::optional<Estimate> time, energy, money;
    if (target) {
      const TargetFigures figures = target_figures(results, method, *target);
      if (!figures.by_all()) continue;
      drawn = figures.drawn;
      time = figures.seconds, energy = figures.joules, money = figures.usd;
    } else {
      std::vector<const Cost*> costs;
      for (const auto run : method.runs) costs.push_back(&results.runs[run].summary.total);
      for (const auto figure : {&Drawn::seconds, &Drawn::joules, &Drawn::usd})
        drawn.*figure = drawn_means(costs, figure);
      time = results.over_seeds(method, [](const RunSummary& run) -> Maybe { return run.total.seconds; });
      energy = results.over_seeds(method, [](const RunSummary& run) { return run.total.joules; });
      money = results.over_seeds(method, [](const RunSummary& run) { return run.total.usd; });
    }
    if (drawn.seconds.empty()) continue;
    seconds.push_back(drawn.seconds);
    rows.push_back({{"method", m},
                    {"seconds", with_ends(mean_of(time), drawn.seconds)},
                    {"joules", with_ends(mean_of(energy), drawn.joules)},
                    {"usd", with_ends(mean_of(money), drawn.usd)}});
  }
  if (rows.empty()) return nullptr;
  const std::vector<double> first = shares_first(seconds);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i]["first"] = compact(first[i]);
  return {{"target", target ? Json(*target) : Json(nullptr)}, {"rows", std::move(rows)}};
}

/// Null without draws.
Json sureness_json(const Results& results) {
  Json races = Json::array();
  const auto add = [&](const std::optional<double>& target) {
    if (Json race = race_json(results, target); !race.is_null()) races.push_back(std::move(race));
  };
  add(std::nullopt);
  for (const double target : results.targets) add(target);
  if (races.empty()) return nullptr;
  return {{"draws", draws_of(results)}, {"races", std::move(races)}};
}

/// Student's factor of a mean's 95 % interval, by the number of seeds.
Json quantiles(const Results& results) {
  std::set<std::uint64_t> seeds;  // of all stores, which need not have the same
  for (const auto& run : results.runs) seeds.insert(run.summary.run.seed);
  Json factors = Json::object();
  for (int n = 2; n <= static_cast<int>(seeds.size()); ++n) factors[std::to_string(n)] = compact(t_quantile(n));
  return factors;
}

}  // namespace

PageData page_data(const Results& results, const std::vector<Setting>& settings) {
  Json data;
  data["targets"] = results.targets;
  data["baseline"] = results.baseline ? Json(*results.baseline) : Json(nullptr);
  data["t"] = quantiles(results);
  data["sureness"] = sureness_json(results);
  for (const char* list : {"methods", "runs", "details", "devices", "links"}) data[list] = Json::array();
  Thinned thinned;
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const auto& method = results.methods[m];
    data["methods"].push_back({{"label", clean_text(method.label)},
                               {"name", clean_text(method.name)},
                               {"choices", clean_text(method.choices)},
                               {"store", method.store}});
    add_method(data, results, m, thinned);
  }
  data["groups"] = groups_json(results, settings);
  PageData page;
  page.notes = notes_on(thinned, most_curve_points(results.runs.size()));
  data["notes"] = page.notes;
  // '<' occurs inside strings only; escaped, neither </script> nor <!-- can appear.
  for (const char c : data.dump(-1, ' ', false, Json::error_handler_t::replace))
    c == '<' ? page.json += "\\u003c" : page.json += c;
  return page;
}

}  // namespace msfusion
