#include "reports/page_timeline.hpp"

#include <algorithm>
#include <cmath>

#include "reports/off_times.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostSpans = 120;       // of a node in a round; beyond, moments that no screen shows are joined
constexpr std::size_t kMostOffTimes = 10000;  // of a node in a round; beyond, none is drawn
constexpr std::size_t kMostSteps = 1500;      // of a critical path
constexpr double kFinest = 1.0 / 600;         // of the round

/// What a node did for a while, in seconds since the round's start.
struct Moment {
  int code = 0;  ///< the page's: the sum of 1 computes, 2 sends, 4 receives, 8 is off
  double from_seconds = 0, to_seconds = 0;
};

std::vector<Moment> moments_of(const std::vector<SpanRecord>& spans,
                               const std::vector<std::pair<double, double>>& off_times) {
  std::vector<Moment> moments;
  for (const SpanRecord& span : spans)
    moments.push_back(
        {(span.computes ? 1 : 0) + (span.sends ? 2 : 0) + (span.receives ? 4 : 0), span.from_seconds, span.to_seconds});
  for (const auto& [from, to] : off_times) moments.push_back({8, from, to});
  std::sort(moments.begin(), moments.end(),
            [](const Moment& a, const Moment& b) { return a.from_seconds < b.from_seconds; });
  return moments;
}

/// Joins one to the one before where less than `finest` lies between them, if both do the same or it is that short.
std::vector<Moment> coarser(const std::vector<Moment>& moments, double finest) {
  std::vector<Moment> joined;
  for (const Moment& moment : moments) {
    const bool follows = !joined.empty() && moment.from_seconds - joined.back().to_seconds < finest;
    if (follows && (moment.code == joined.back().code || moment.to_seconds - moment.from_seconds < finest)) {
      joined.back().to_seconds = moment.to_seconds;
    } else {
      joined.push_back(moment);
    }
  }
  return joined;
}

Json row_of(const ActivityRecord& activity, const StateEvents* states, const std::string& fate,
            const RoundRecord& round, bool& thinned) {
  const double length = round.end_seconds - round.start_seconds;
  std::vector<std::pair<double, double>> off;
  if (states && activity.off_seconds > 0) {
    auto times = off_times(*states, round.start_seconds, round.end_seconds, kMostOffTimes);
    if (!times) thinned = true;
    off = std::move(times).value_or(off);
    for (auto& [from, to] : off) {
      from -= round.start_seconds;
      to -= round.start_seconds;
    }
  }
  std::vector<Moment> moments = moments_of(activity.spans, off);
  if (moments.size() > kMostSpans) {
    moments = coarser(moments, kFinest * length);
    thinned = true;
  }
  Json flat = Json::array();
  for (const Moment& moment : moments) {
    flat.push_back(moment.code);
    flat.push_back(compact(moment.from_seconds));
    flat.push_back(compact(moment.to_seconds));
  }
  return {activity.device, fate, std::move(flat)};
}

}  // namespace

Json timeline(const StoreReader& store, int run, const std::vector<RoundRecord>& rounds,
              const std::map<std::pair<int, NodeId>, std::string>& fates, std::size_t most_bytes,
              TimelineThinning& thinned) {
  const std::map<NodeId, StateEvents> profiles = state_profiles(store, run);
  const auto round_json = [&](const RoundRecord& round) {
    const double length = round.end_seconds - round.start_seconds;
    Json rows = Json::array(), steps = Json::array();
    for (const auto& activity : store.activities(run, round.round)) {
      const auto fate = fates.find({round.round, activity.device});
      const auto states = profiles.find(activity.device);
      rows.push_back(row_of(activity, states == profiles.end() ? nullptr : &states->second,
                            fate == fates.end() ? "" : fate->second, round, thinned.spans));
    }
    const auto path = store.critical_steps(run, round.round);
    if (path.size() > kMostSteps) thinned.spans = true;
    if (path.size() <= kMostSteps)
      for (const auto& step : path)
        steps.push_back({step.device, step.receiver, compact(step.start_seconds - round.start_seconds),
                         compact(step.end_seconds - round.start_seconds)});
    return Json{{"round", shown_round(round.round)},
                {"start", compact(round.start_seconds)},
                {"length", compact(length)},
                {"critical", round.critical_node ? Json(*round.critical_node) : Json(nullptr)},
                {"path", round.critical_path},
                {"steps", std::move(steps)},
                {"rows", std::move(rows)}};
  };
  std::size_t largest = 1;
  for (const auto i : evenly(rounds.size(), 3)) largest = std::max(largest, round_json(rounds[i]).dump().size());
  const auto most = std::max<std::size_t>(most_bytes / largest, 2);
  thinned.rounds = thinned.rounds || rounds.size() > most;
  Json list = Json::array();
  for (const auto i : evenly(rounds.size(), most)) list.push_back(round_json(rounds[i]));
  return list;
}

}  // namespace msfusion
