// `msfusion recost`: times and prices a finished run again on another platform or price list, without training.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "reports/comparison.hpp"
#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/scenario/overrides.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/output.hpp"
#include "tools/commands/run_records.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

const std::string& meta_at(const MetaMap& meta, const char* key, const std::string& store_file) {
  const auto found = meta.find(key);
  if (found == meta.end())
    throw UserError(Mistake{store_file, 0, fmt::format("the store has no {}", key), "the results of a finished run"});
  return found->second;
}

// What a change of the clock or of the price list may touch. Constraints may change which devices take part: then the
// rounds show it.
void check_overrides(const std::vector<Override>& overrides) {
  std::vector<Mistake> mistakes;
  for (const Override& change : overrides) {
    const std::string path = change.path.rfind("scenario.", 0) == 0 ? change.path.substr(9) : change.path;
    const std::string element = path.substr(0, path.find('.'));
    const bool root_attribute = element == path;
    if (root_attribute || element == "platform" || element == "prices" || element == "constraints" ||
        element == "target")
      continue;
    mistakes.push_back({to_string(change), 0,
                        fmt::format("<{}> decides what is trained, and recost does not train", element),
                        "platform, prices, constraints, target, or a new run"});
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

// Leaves the methods that are asked for, of those that the store has: a recost of some has these alone.
void choose_methods(Scenario& scenario, const std::vector<std::string>& asked, const StoreReader& store) {
  std::set<std::string> recorded;
  for (const RunRecord& run : store.runs()) recorded.insert(run.label);
  std::vector<std::string> labels;
  for (const Method& method : scenario.methods)
    if (recorded.count(method.label) > 0) labels.push_back(method.label);
  std::vector<Mistake> mistakes;
  for (const std::string& label : asked)
    if (recorded.count(label) == 0)
      mistakes.push_back({"--method", 0, fmt::format("there is no \"{}\" in the run", label), one_of(label, labels)});
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
  const auto is_left_out = [&](const Method& method) {
    const bool wanted = asked.empty() || std::find(asked.begin(), asked.end(), method.label) != asked.end();
    return !wanted || recorded.count(method.label) == 0;
  };
  std::vector<Method>& methods = scenario.methods;
  methods.erase(std::remove_if(methods.begin(), methods.end(), is_left_out), methods.end());
}

// The user's file has no part in it: what is wrong with the text that the store has is the store's.
void check_text(const std::string& text, const std::string& scenario_file, const std::string& store_file) {
  try {
    read_scenario_text(text, scenario_file, {});
  } catch (const UserError& error) {
    const Mistake& first = error.mistakes().front();
    if (first.file != scenario_file) throw;
    throw UserError(
        Mistake{store_file, 0,
                fmt::format("the scenario in the store cannot be read: its line {}: {}", first.line, first.found),
                "a store that this program wrote and nobody altered"});
  }
}

// A trace that was edited since the run would time other rounds than those that it recorded.
void check_traces(const MetaMap& meta, const Scenario& scenario) {
  const auto inputs = meta.find(meta_key::inputs);
  if (inputs == meta.end()) return;
  const PlatformOptions& platform = scenario.platform;
  std::vector<Mistake> mistakes;
  for (const std::string& file : {platform.devices_file, platform.availability_file, platform.bandwidth_file,
                                  platform.carbon_file, platform.tariff_file}) {
    if (file.empty()) continue;
    const std::string now = checksum_line(scenario, file), name = now.substr(now.find("  "));
    if (inputs->second.find(name) != std::string::npos && inputs->second.find(now) == std::string::npos)
      mistakes.push_back(
          {file, 0, "the trace is not what it was in the run",
           "the unchanged file, or one of another name by --set platform.availability=FILE and the like"});
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

Preparation prepare_again(const RecostCommand& command, const StoreReader& store, const std::string& store_file) {
  const MetaMap meta = store.meta();
  std::vector<Override> overrides = command.overrides;
  if (!command.platform.empty())
    overrides.push_back({"platform.file", fs::absolute(command.platform).lexically_normal().string()});
  const fs::path scenario_file =
      fs::path(meta_at(meta, "working_folder", store_file)) / meta_at(meta, "scenario_file", store_file);
  check_text(meta_at(meta, "scenario_text", store_file), scenario_file.string(), store_file);
  Scenario scenario = read_scenario_text(meta_at(meta, "scenario_text", store_file), scenario_file.string(), overrides);
  choose_methods(scenario, command.methods, store);
  Preparation preparation = prepare(std::move(scenario), true);
  if (preparation.data.has_drawn_labels)
    throw UserError(Mistake{preparation.scenario.file, preparation.scenario.data.line, data_note(preparation),
                            "the data set that the runs were trained on"});
  const bool own_platform = std::none_of(overrides.begin(), overrides.end(),
                                         [](const Override& o) { return o.path.find("platform.file") != o.path.npos; });
  if (own_platform && file_text(preparation.scenario.platform.file) != meta_at(meta, "platform_text", store_file))
    throw UserError(Mistake{preparation.scenario.platform.file, 0, "the platform file is not what it was in the run",
                            "--platform FILE, to say which one is meant"});
  check_traces(meta, preparation.scenario);
  return preparation;
}

// Runs of the same devices with the same data.
void check_comparable(const StoreReader& store, const std::string& store_file, const Preparation& preparation) {
  std::vector<Mistake> mistakes;
  const auto refuse = [&](const std::string& found, const std::string& allowed) {
    mistakes.push_back({store_file, 0, found, allowed});
  };
  const std::vector<RunRecord> runs = store.runs();
  for (const RunSpec& spec : runs_of(preparation)) {
    if (!mistakes.empty()) break;
    const auto run = std::find_if(runs.begin(), runs.end(), [&](const RunRecord& one) {
      return one.label == spec.method->label && one.seed == spec.seed;
    });
    if (run == runs.end()) {
      refuse(fmt::format("no run of {} with seed {}", spec.method->label, spec.seed), "an unchanged store");
      break;
    }
    if (run->state != "finished") continue;  // which its own recosting says
    std::vector<std::int64_t> samples;
    for (const DeviceRecord& device : store.devices(run->run))
      if (!device.is_server) samples.push_back(device.samples);
    if (static_cast<int>(samples.size()) != preparation.fleet.size()) {
      refuse(fmt::format("the run had {} devices, and {} has {}", samples.size(), preparation.scenario.platform.file,
                         preparation.fleet.size()),
             "a platform with as many devices: others would hold other data");
      break;
    }
    const RunInputs inputs(preparation, spec);
    for (std::size_t n = 0; n < samples.size(); ++n) {
      if (samples[n] == static_cast<std::int64_t>(inputs.parts.samples[n].size())) continue;
      refuse(fmt::format("device {} held {} samples and now holds {}", n, samples[n], inputs.parts.samples[n].size()),
             "the data set that the run had");
      break;
    }
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

// Whether a folder holds these runs, recosted from the same ones with the same scenario and platform, all finished.
bool is_recosted(const fs::path& out, const MetaMap& meta) {
  const std::string store_file = (out / "run.sqlite").string();
  if (!fs::exists(store_file)) return false;
  const StoreReader store(store_file);
  const MetaMap before = store.meta();
  for (const char* key : {"kind", "recosted_from", "scenario_text", "platform_text", "libraries"}) {
    const auto found = before.find(key);
    if (found == before.end() || found->second != meta.at(key)) return false;
  }
  const std::vector<RunRecord> runs = store.runs();
  return std::all_of(runs.begin(), runs.end(), [](const RunRecord& run) { return run.state == "finished"; });
}

constexpr const char* kInstead = "a platform on which the same work arrives, or a new run";

std::string name_of(const RunReport& report) {
  return fmt::format("{} (seed {})", report.run.method->label, report.run.seed);
}

// A method that would not train the same, with one seed or all, has no figures here: half a result must not be taken
// for one. Says why on the terminal and in the store. Throws UserError if nothing is left.
void mark_failed(const std::vector<RunReport>& reports, const LaunchOptions& options) {
  std::map<std::string, const RunReport*> failed;  // by label, the first seed
  std::vector<Mistake> refusals;
  for (const RunReport& report : reports)
    if (report.state == RunReport::State::failed) {
      failed.emplace(report.run.method->label, &report);
      refusals.push_back({name_of(report), 0, report.message, kInstead});
    }
  const bool none_left = std::all_of(reports.begin(), reports.end(), [&](const RunReport& report) {
    return failed.count(report.run.method->label) > 0;
  });
  if (none_left) throw UserError(std::move(refusals));
  StoreWriter store = StoreWriter::open(options.store_file, options.store_id);
  for (const RunReport& report : reports) {
    const auto found = failed.find(report.run.method->label);
    if (found == failed.end()) continue;
    std::string why = "not recosted: " + found->second->message;
    if (found->second->run.seed != report.run.seed) why += fmt::format(" (seed {})", found->second->run.seed);
    store.forget_after(report.run.run, -1);
    store.set_state(report.run.run, "failed", why);
    store.write_warning({report.run.run, -1, why + "; " + kInstead});
  }
  for (const Mistake& refusal : refusals)
    complain(to_string({refusal.file + " was not recosted", 0, refusal.found, refusal.allowed}));
}

// Into a folder that is taken back if this fails.
int recost_into(const ResultsFolder& folder, const RecostCommand& command, const std::string& from,
                const Preparation& preparation, const MetaMap& meta) {
  const std::string store_file = folder.file("run.sqlite");
  StoreWriter::create(store_file, meta, run_records(preparation));
  LaunchOptions options;
  options.store_file = store_file;
  options.store_id = StoreReader(store_file).id();
  options.checkpoint_folder = folder.file("checkpoints");
  options.participation_folder = folder.path().string();
  options.recorded_folder = from;
  options.jobs = command.jobs;
  options.cores = command.share.budget;
  options.first_process = command.share.first_process;
  Interruption interruption;
  const std::vector<RunReport> reports = launch(preparation, LearnerFactory{}, options, interruption);
  mark_failed(reports, options);
  write_reports(folder, options.store_id);
  if (command.of_sweep.empty())
    fmt::print("{}\nreport: {}\n", comparison({from, folder.path().string()}, TableFormat::terminal),
               folder.file("report.html"));
  return exit_code(reports, interruption.signal);
}

}  // namespace

int recost_run(const RecostCommand& command) {
  check_overrides(command.overrides);
  const std::string from = fs::path(command.run).lexically_normal().string();
  const std::string recorded_file = (fs::path(from) / "run.sqlite").string();
  MetaMap before;
  Preparation preparation;
  {
    const StoreReader store(recorded_file);  // not kept open across the fork
    before = store.meta();
    require_kind(before, recorded_file, {ResultKind::run, ResultKind::recost}, "the folder of a finished run");
    preparation = prepare_again(command, store, recorded_file);
    check_comparable(store, recorded_file, preparation);
  }
  fs::path out = command.out;
  if (out.empty())
    out = (fs::path(from).has_filename() ? fs::path(from) : fs::path(from).parent_path()).string() + "-recost";
  if (fs::exists(out) && fs::equivalent(out, from))
    throw UserError(Mistake{out.string(), 0, "that is the folder of the run itself", "another folder with -o"});
  MetaMap meta = meta_of(preparation, command.command_line, ResultKind::recost);
  meta["recosted_from"] = fmt::format("{}: {}", from, meta_at(before, "command", recorded_file));
  meta.insert(command.of_sweep.begin(), command.of_sweep.end());
  if (command.resume && is_recosted(out, meta)) return 0;
  const ResultsFolder folder(out, false);
  try {
    const int code = recost_into(folder, command, from, preparation, meta);
    // A sweep trains anew what cannot be recosted as a whole.
    if (!command.of_sweep.empty() && code == 1)
      throw UserError(Mistake{out.string(), 0, "not every method could be recosted", ""});
    return code;
  } catch (...) {
    folder.discard();
    throw;
  }
}

}  // namespace msfusion
