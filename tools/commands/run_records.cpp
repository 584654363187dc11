#include "tools/commands/run_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>

#include "reports/export.hpp"
#include "reports/html_report.hpp"
#include "reports/summary.hpp"
#include "sim/base/error.hpp"
#include "sim/base/input_files.hpp"
#include "sim/method/method.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

template <class T>
std::string joined(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) text += fmt::format("{}{}", text.empty() ? "" : " ", value);
  return text;
}

const char* name_of(ResultKind kind) {
  switch (kind) {
    case ResultKind::run:
      return "run";
    case ResultKind::plan:
      return "plan";
    case ResultKind::recost:
      return "recost";
  }
  return "";
}

// "SHA-256  FILE" a line, as sha256sum(1) prints them. The platform is not among them: its text is kept itself.
std::string checksums(const Preparation& preparation) {
  std::string lines;
  for (const std::string& file : preparation.input_files)
    if (file != preparation.scenario.platform.file) lines += checksum_line(preparation.scenario, file);
  return lines;
}

}  // namespace

std::string checksum_line(const Scenario& scenario, const std::string& file) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::absolute(scenario.file).parent_path();
  const fs::path name = fs::path(file).is_absolute() ? fs::path(file) : fs::proximate(fs::absolute(file), folder);
  return fmt::format("{}  {}\n", sha256_of(file), name.string());
}

void require_kind(const MetaMap& meta, const std::string& store_file, const std::vector<ResultKind>& kinds,
                  const std::string& instead) {
  const auto found = meta.find(meta_key::kind);
  for (const ResultKind kind : kinds)
    if (found != meta.end() && found->second == name_of(kind)) return;
  throw UserError(Mistake{store_file, 0,
                          found == meta.end() ? "the store does not say what it holds"
                                              : fmt::format("these are the results of msfusion {}", found->second),
                          instead});
}

std::string file_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::optional<std::string> calibration_of(const Fleet& fleet) {
  std::map<std::string, int> nodes;
  const int size = fleet.nodes();
  for (NodeId node = 0; node < size; ++node) ++nodes[fleet.node(node).calibration];
  if (nodes.size() == 1) return nodes.begin()->first.empty() ? std::nullopt : std::optional(nodes.begin()->first);
  std::string text;
  for (const auto& [calibration, count] : nodes)
    text += fmt::format("{}{} of {} nodes: {}", text.empty() ? "" : ". ", count, size,
                        calibration.empty() ? "none, their clock's error is unknown" : calibration);
  return text;
}

MetaMap meta_of(const Preparation& preparation, const std::string& command_line, ResultKind kind) {
  const Scenario& scenario = preparation.scenario;
  MetaMap meta = {{meta_key::kind, name_of(kind)},
                  {"scenario", scenario.name},
                  {"description", scenario.description},
                  {"scenario_file", scenario.file},
                  {"working_folder", std::filesystem::current_path().string()},
                  {"scenario_text", scenario.text},
                  {"platform_text", file_text(scenario.platform.file)},
                  {"command", command_line},
                  {"version", MSFUSION_VERSION},
                  {"libraries", MSFUSION_LIBRARIES},
                  {"network_model", scenario.platform.network == PlatformOptions::Network::cm02 ? "CM02" : "LV08"},
                  {"targets", joined(scenario.targets)},
                  {"seeds", joined(scenario.seeds)}};
  if (!scenario.personal_targets.empty()) meta[meta_key::personal_targets] = joined(scenario.personal_targets);
  if (!scenario.notes.empty()) meta[meta_key::notes] = scenario.notes;
  if (const auto& settings = scenario.platform.simgrid; !settings.empty()) {
    meta[meta_key::simgrid] = joined(settings);
    std::vector<std::string> of_clock;
    std::copy_if(settings.begin(), settings.end(), std::back_inserter(of_clock), changes_simulated_time);
    if (!of_clock.empty()) meta[meta_key::simgrid_clock] = joined(of_clock);
  }
  if (kind == ResultKind::run) meta[meta_key::inputs] = checksums(preparation);
  if (const auto calibration = calibration_of(preparation.fleet)) meta["calibration"] = *calibration;
  const std::string& of_network = preparation.fleet.network_calibration;
  if (!of_network.empty()) meta["network_calibration"] = of_network;
  return meta;
}

std::vector<RunRecord> run_records(const Preparation& preparation) {
  std::vector<RunRecord> records;
  for (const RunSpec& run : runs_of(preparation)) {
    RunRecord record;
    record.run = run.run;
    record.method = run.method->name;
    record.label = run.method->label;
    record.choices = choices_text(*run.method);
    record.seed = run.seed;
    record.rounds = rounds_of(preparation.scenario, *run.method);
    record.until_seconds = preparation.scenario.training.until.seconds;
    record.state = "waiting";
    records.push_back(std::move(record));
  }
  return records;
}

void write_reports(const ResultsFolder& folder, const std::string& store_id) {
  const StoreReader store(folder.file("run.sqlite"));
  if (store.id() != store_id)
    throw RunError(folder.path().string() +
                   ": the results folder was replaced by another run's while the runs went on");
  write_file(folder.file("summary.json"), summary_json(store));
  write_file(folder.file("report.html"), html_report({folder.path().string()}));
}

int exit_code(const std::vector<RunReport>& reports, int signal_received) {
  if (signal_received != 0) return 128 + signal_received;
  for (const RunReport& report : reports)
    if (report.state == RunReport::State::failed) return 1;
  return 0;
}

}  // namespace msfusion
