#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/trace.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

using Json = nlohmann::ordered_json;

// Of the format; viewers keep nanoseconds.
double microseconds(double seconds) {
  return seconds * 1e6;
}

Json event(const char* phase, const std::string& name, std::size_t process, std::size_t thread, double seconds) {
  return {{"ph", phase}, {"name", name}, {"pid", process}, {"tid", thread}, {"ts", microseconds(seconds)}};
}

Json name_event(const char* what, std::size_t process, std::size_t thread, const std::string& name) {
  return {{"ph", "M"}, {"name", what}, {"pid", process}, {"tid", thread}, {"args", {{"name", name}}}};
}

void add_rounds(Json& events, const RunTrace& run, std::size_t process) {
  for (const RoundRecord& round : run.rounds) {
    Json one = event("X", "round " + std::to_string(shown_round(round.round)), process, 0, round.start_seconds);
    one["dur"] = microseconds(round.end_seconds - round.start_seconds);
    one["args"] = {{"bytes_sent", round.bytes_sent}, {"waited_for", round.critical_path}};
    events.push_back(std::move(one));
  }
  for (const EvaluationRecord& evaluation : run.evaluations) {
    Json one = event("C", "accuracy", process, 0, evaluation.seconds);
    one["args"] = {{"global", evaluation.global_accuracy}};
    events.push_back(std::move(one));
  }
}

// An arrow begins in the sender's span and ends within the receiver's, a moment before the end of both.
void add_flow(Json& events, const TraceFlow& flow, std::size_t process, std::size_t number) {
  constexpr double kMoment = 1e-9;
  const double end = std::max(flow.start_seconds, flow.end_seconds - kMoment);
  for (const auto& [phase, device, seconds] :
       {std::tuple("s", flow.from, flow.start_seconds), std::tuple("f", flow.to, end)}) {
    Json one = event(phase, "transfer", process, device + 1, seconds);
    one["cat"] = "critical path";
    one["id"] = number;
    if (*phase == 'f') one["bp"] = "e";
    events.push_back(std::move(one));
  }
}

}  // namespace

std::string perfetto_trace(const std::vector<RunTrace>& runs) {
  Json events = Json::array();
  std::size_t flows = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const RunTrace& run = runs[i];
    const std::size_t process = i + 1;
    events.push_back(name_event("process_name", process, 0, run.name));
    events.push_back(name_event("thread_name", process, 0, "rounds"));
    for (std::size_t device = 0; device < run.devices.size(); ++device)
      events.push_back(name_event("thread_name", process, device + 1, run.devices[device]));
    add_rounds(events, run, process);
    for (const TraceSpan& span : run.spans) {
      Json one = event("X", span.what, process, span.device + 1, span.from_seconds);
      one["dur"] = microseconds(span.to_seconds - span.from_seconds);
      events.push_back(std::move(one));
    }
    for (const TraceFlow& flow : run.flows) add_flow(events, flow, process, ++flows);
  }
  const Json document = {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace msfusion
