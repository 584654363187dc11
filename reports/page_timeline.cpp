#include "reports/page_timeline.hpp"

#include <algorithm>
#include <cmath>

#include "sim/record/format.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostSpans = 120;   // of a node in a round; beyond, moments that no screen shows are joined
constexpr std::size_t kMostSteps = 1500;  // of a critical path
constexpr double kFinest = 1.0 / 600;     // of the round

/// The page's code for what a node does: the sum of 1 computes, 2 sends, 4 receives, 8 is off.
int code_of(const SpanRecord& span) {
  return (span.computes ? 1 : 0) + (span.sends ? 2 : 0) + (span.receives ? 4 : 0) + (span.is_off ? 8 : 0);
}

/// Joins a span to the one before where less than `finest` lies between them, if both do the same or it is that short.
std::vector<SpanRecord> coarser(const std::vector<SpanRecord>& spans, double finest) {
  std::vector<SpanRecord> joined;
  for (const SpanRecord& span : spans) {
    const bool follows = !joined.empty() && span.from_seconds - joined.back().to_seconds < finest;
    if (follows && (code_of(span) == code_of(joined.back()) || span.to_seconds - span.from_seconds < finest)) {
      joined.back().to_seconds = span.to_seconds;
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

Json row_of(const ActivityRecord& activity, const std::string& fate, double length, bool& thinned) {
  auto spans = activity.spans;
  if (spans.size() > kMostSpans) {
    spans = coarser(spans, kFinest * length);
    thinned = true;
  }
  Json flat = Json::array();
  for (const SpanRecord& span : spans) {
    flat.push_back(code_of(span));
    flat.push_back(compact(span.from_seconds));
    flat.push_back(compact(span.to_seconds));
  }
  return {activity.device, fate, std::move(flat)};
}

}  // namespace

Json timeline(const StoreReader& store, int run, const std::vector<RoundRecord>& rounds,
              const std::map<std::pair<int, NodeId>, std::string>& fates, std::size_t most_bytes,
              TimelineThinning& thinned) {
  const auto round_json = [&](const RoundRecord& round) {
    const double length = round.end_seconds - round.start_seconds;
    Json rows = Json::array(), steps = Json::array();
    for (const auto& activity : store.activities(run, round.round)) {
      const auto fate = fates.find({round.round, activity.device});
      rows.push_back(row_of(activity, fate == fates.end() ? "" : fate->second, length, thinned.spans));
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
