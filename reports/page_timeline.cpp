#include "reports/page_timeline.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace msfusion {

namespace {

constexpr std::size_t kMostSpans = 120;   // of a node in a round; beyond, moments that no screen shows are joined
constexpr std::size_t kMostSteps = 1500;  // of a critical path
constexpr double kFinest = 1.0 / 600;     // of the round

/// The page's code of what a node does: a sum of 1 computes, 2 sends, 4 receives, 8 is off.
struct Span {
  int what = 0;
  double from = 0, to = 0;
};

std::vector<Span> parse_spans(const std::string& text) {
  std::vector<Span> spans;
  const char* at = text.c_str();
  while (*at != '\0') {
    Span span;
    for (; *at != ':' && *at != '\0'; ++at)
      span.what += *at == 'c' ? 1 : *at == 's' ? 2 : *at == 'r' ? 4 : *at == 'o' ? 8 : 0;
    char* end = nullptr;
    if (*at == ':') span.from = std::strtod(at + 1, &end);
    if (!end || *end != ':') break;
    span.to = std::strtod(end + 1, &end);
    spans.push_back(span);
    at = end;
    while (*at == ' ') ++at;
  }
  return spans;
}

/// Joins what lies closer together than `finest` to what came before.
std::vector<Span> coarser(const std::vector<Span>& spans, double finest) {
  std::vector<Span> joined;
  for (const Span& span : spans) {
    const bool follows = !joined.empty() && span.from - joined.back().to < finest;
    if (follows && (span.what == joined.back().what || span.to - span.from < finest)) {
      joined.back().to = span.to;
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

Json row_of(const ActivityRecord& activity, const std::string& fate, double length, bool& thinned) {
  auto spans = parse_spans(activity.spans);
  if (spans.size() > kMostSpans) {
    spans = coarser(spans, kFinest * length);
    thinned = true;
  }
  Json flat = Json::array();
  for (const Span& span : spans) {
    flat.push_back(span.what);
    flat.push_back(compact(span.from));
    flat.push_back(compact(span.to));
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
    return Json{
        {"round", round.round + 1},    {"start", compact(round.start_seconds)},
        {"length", compact(length)},   {"critical", round.critical_node ? Json(*round.critical_node) : Json(nullptr)},
        {"path", round.critical_path}, {"steps", std::move(steps)},
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
