#include "reports/trace.hpp"

#include <fmt/format.h>

#include <map>

namespace msfusion {

namespace {

std::string words_of(const SpanRecord& span) {
  std::string words;
  for (const auto& [does, word] :
       {std::pair(span.computes, "computes"), std::pair(span.sends, "sends"), std::pair(span.receives, "receives")})
    if (does) words += (words.empty() ? "" : " and ") + std::string(word);
  return words;
}

}  // namespace

std::vector<std::string> trace_words() {
  std::vector<std::string> all;
  for (int bits = 1; bits < 8; ++bits)
    all.push_back(words_of({0, 0, (bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0}));
  return all;
}

std::vector<RunTrace> traces(const StoreReader& store) {
  std::vector<RunTrace> all;
  for (const RunRecord& run : store.runs()) {
    RunTrace trace;
    trace.name = fmt::format("{} seed {}", run.label, run.seed);
    std::map<NodeId, std::size_t> places;
    for (const DeviceRecord& device : store.devices(run.run)) {
      places[device.device] = trace.devices.size();
      trace.devices.push_back(device.name);
    }
    trace.rounds = store.rounds(run.run);
    trace.evaluations = store.evaluations(run.run);
    for (const RoundRecord& round : trace.rounds) {
      for (const ActivityRecord& activity : store.activities(run.run, round.round))
        for (const SpanRecord& span : activity.spans)
          trace.spans.push_back({places.at(activity.device), round.start_seconds + span.from_seconds,
                                 round.start_seconds + span.to_seconds, words_of(span)});
      for (const CriticalStepRecord& step : store.critical_steps(run.run, round.round))
        if (step.device != step.receiver)
          trace.flows.push_back(
              {places.at(step.device), places.at(step.receiver), step.start_seconds, step.end_seconds});
    }
    all.push_back(std::move(trace));
  }
  return all;
}

}  // namespace msfusion
