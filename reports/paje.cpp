#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/trace.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

// The numbers of the event definitions, whose order is ours to choose.
constexpr const char* kDefinitions = R"(%EventDef PajeDefineContainerType 0
%       Alias string
%       Type string
%       Name string
%EndEventDef
%EventDef PajeDefineStateType 1
%       Alias string
%       Type string
%       Name string
%EndEventDef
%EventDef PajeDefineEntityValue 2
%       Alias string
%       Type string
%       Name string
%       Color color
%EndEventDef
%EventDef PajeDefineVariableType 3
%       Alias string
%       Type string
%       Name string
%       Color color
%EndEventDef
%EventDef PajeDefineLinkType 4
%       Alias string
%       Type string
%       StartContainerType string
%       EndContainerType string
%       Name string
%EndEventDef
%EventDef PajeCreateContainer 5
%       Time date
%       Alias string
%       Type string
%       Container string
%       Name string
%EndEventDef
%EventDef PajeDestroyContainer 6
%       Time date
%       Type string
%       Name string
%EndEventDef
%EventDef PajeSetState 7
%       Time date
%       Type string
%       Container string
%       Value string
%EndEventDef
%EventDef PajeSetVariable 8
%       Time date
%       Type string
%       Container string
%       Value double
%EndEventDef
%EventDef PajeStartLink 9
%       Time date
%       Type string
%       Container string
%       StartContainer string
%       Value string
%       Key string
%EndEventDef
%EventDef PajeEndLink 10
%       Time date
%       Type string
%       Container string
%       EndContainer string
%       Value string
%       Key string
%EndEventDef
)";

// The report's colours: computing, sending, receiving and mixtures of them.
constexpr std::array<const char*, 8> kColours = {"0.66 0.64 0.68", "0.25 0.35 0.45", "0.85 0.64 0.23",
                                                 "0.45 0.48 0.36", "0.56 0.74 0.88", "0.36 0.48 0.62",
                                                 "0.55 0.56 0.42", "0.45 0.50 0.50"};

// Without what ends a name for a reader, or a field of what pj_dump prints.
std::string quoted(std::string text) {
  const auto ends = [](char c) { return c == '"' || c == '\\' || c == ',' || static_cast<unsigned char>(c) < ' '; };
  std::replace_if(text.begin(), text.end(), ends, '_');
  return '"' + text + '"';
}

std::string types() {
  std::string text =
      "0 RUN 0 Run\n0 NODE RUN Node\n1 DOES NODE Activity\n2 idle DOES idle \"0.91 0.91 0.95\"\n"
      "3 ACCURACY RUN \"Accuracy\" \"0.00 0.45 0.70\"\n4 TRANSFER RUN NODE NODE \"Transfer on the critical path\"\n";
  const std::vector<std::string> words = trace_words();
  for (std::size_t i = 0; i < words.size(); ++i)
    text += fmt::format("2 {0} DOES {0} \"{1}\"\n", quoted(words[i]), kColours.at(i));
  return text;
}

struct Line {
  double seconds;
  std::string text;
};

std::string node_of(std::size_t run, std::size_t device) {
  return fmt::format("r{}n{}", run, device);
}

// The lines of one run but its end, by device each in the order of time.
void add_run(std::vector<Line>& lines, const RunTrace& run, std::size_t number, std::size_t& flows) {
  const auto at = [&](double seconds, const std::string& text) { lines.push_back({seconds, text}); };
  at(0, fmt::format("5 0 r{} RUN 0 {}", number, quoted(run.name)));
  for (std::size_t device = 0; device < run.devices.size(); ++device) {
    const std::string node = node_of(number, device);
    at(0, fmt::format("5 0 {} NODE r{} {}", node, number, quoted(run.devices[device])));
    at(0, fmt::format("7 0 DOES {} idle", node));
  }
  // A node is idle where no span follows at once; sums of seconds differ in their last bits.
  constexpr double kMoment = 1e-9;
  std::vector<double> until(run.devices.size(), 0);
  const auto idle_from = [&](std::size_t device) {
    at(until[device], fmt::format("7 {} DOES {} idle", exact_number(until[device]), node_of(number, device)));
  };
  for (const TraceSpan& span : run.spans) {
    if (until[span.device] > 0 && span.from_seconds - until[span.device] > kMoment) idle_from(span.device);
    at(span.from_seconds, fmt::format("7 {} DOES {} {}", exact_number(span.from_seconds), node_of(number, span.device),
                                      quoted(span.what)));
    until[span.device] = span.to_seconds;
  }
  for (std::size_t device = 0; device < until.size(); ++device)
    if (until[device] > 0) idle_from(device);
  for (const TraceFlow& flow : run.flows) {
    ++flows;
    at(flow.start_seconds, fmt::format("9 {} TRANSFER r{} {} transfer {}", exact_number(flow.start_seconds), number,
                                       node_of(number, flow.from), flows));
    at(flow.end_seconds, fmt::format("10 {} TRANSFER r{} {} transfer {}", exact_number(flow.end_seconds), number,
                                     node_of(number, flow.to), flows));
  }
  for (const EvaluationRecord& evaluation : run.evaluations)
    at(evaluation.seconds, fmt::format("8 {} ACCURACY r{} {}", exact_number(evaluation.seconds), number,
                                       exact_number(evaluation.global_accuracy)));
}

}  // namespace

std::string paje_trace(const std::vector<RunTrace>& runs) {
  std::vector<Line> lines;
  std::size_t flows = 0;
  for (std::size_t i = 0; i < runs.size(); ++i) add_run(lines, runs[i], i, flows);
  // Readers want the order of time; what happens at the same moment stays in the order of its making.
  std::stable_sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) { return a.seconds < b.seconds; });
  const std::string end = exact_number(lines.empty() ? 0 : lines.back().seconds);
  std::string text = kDefinitions + types();
  for (const Line& line : lines) text += line.text + "\n";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (std::size_t device = 0; device < runs[i].devices.size(); ++device)
      text += fmt::format("6 {} NODE {}\n", end, node_of(i, device));
    text += fmt::format("6 {} RUN r{}\n", end, i);
  }
  return text;
}

}  // namespace msfusion
