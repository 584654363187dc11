// `msfusion run` and `msfusion plan`: carry out a scenario and leave a results folder with its report.
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "reports/comparison.hpp"
#include "reports/export.hpp"
#include "reports/html_report.hpp"
#include "reports/summary.hpp"
#include "sim/base/error.hpp"
#include "sim/experiment/launcher.hpp"
#include "sim/method/names.hpp"
#include "sim/record/store.hpp"
#include "tools/commands.hpp"
#include "tools/learner_plugin.hpp"
#include "tools/progress_view.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

constexpr int kLockTries = 40;

// A folder that holds one program's results, locked while it runs so that no second one writes there.
class ResultsFolder {
 public:
  ResultsFolder(fs::path path, bool resume) : path_(std::move(path)) {
    make();
    lock();
    if (!resume) set_aside_earlier();
  }
  ~ResultsFolder() {
    if (lock_ >= 0) close(lock_);
  }
  ResultsFolder(const ResultsFolder&) = delete;
  ResultsFolder& operator=(const ResultsFolder&) = delete;

  const fs::path& path() const { return path_; }
  std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  void make() {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error || !fs::is_directory(path_))
      throw UserError(Mistake{
          path_.string(), 0,
          fmt::format("the output folder cannot be made ({})", error ? error.message() : "a file is in the way"),
          "a folder that can be written: -o DIR"});
  }

  void lock() {
    lock_ = open(file("lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    if (lock_ < 0)
      throw UserError(Mistake{path_.string(), 0,
                              fmt::format("the output folder cannot be written ({})", std::strerror(errno)),
                              "a folder that can be written: -o DIR"});
    // The runs of a killed program end a moment after it.
    for (int tries = 0; flock(lock_, LOCK_EX | LOCK_NB) != 0; ++tries) {
      if (tries < kLockTries) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        continue;
      }
      throw RunError(fmt::format(
          "{}: another msfusion is writing its results there; wait for it, or choose another folder with -o",
          path_.string()));
    }
  }

  // Earlier results are never overwritten: they move to the first free subfolder earlier-N.
  void set_aside_earlier() {
    if (!fs::exists(path_ / "run.sqlite")) return;
    int number = 1;
    while (fs::exists(path_ / fmt::format("earlier-{}", number))) ++number;
    const fs::path aside = path_ / fmt::format("earlier-{}", number);
    fs::create_directory(aside);
    for (const auto& entry : fs::directory_iterator(path_)) {
      const std::string name = entry.path().filename().string();
      if (name != "lock" && name.rfind("earlier-", 0) != 0) fs::rename(entry.path(), aside / name);
    }
    fmt::print("earlier results are now in {}\n", aside.string());
  }

  fs::path path_;
  int lock_ = -1;
};

std::string file_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

template <class T>
std::string joined(const std::vector<T>& values) {
  std::string text;
  for (const T& value : values) text += fmt::format("{}{}", text.empty() ? "" : " ", value);
  return text;
}

MetaMap meta_of(const Preparation& preparation, const RunCommand& command) {
  const Scenario& scenario = preparation.scenario;
  return {{"scenario", scenario.name},
          {"description", scenario.description},
          {"scenario_file", scenario.file},
          {"scenario_text", scenario.text},
          {"platform_text", file_text(scenario.platform.file)},
          {"command", command.command_line},
          {"version", MSFUSION_VERSION},
          {"libraries", MSFUSION_LIBRARIES},
          {"network_model", scenario.platform.network == PlatformSpec::Network::cm02 ? "CM02" : "LV08"},
          {"targets", joined(scenario.targets)},
          {"seeds", joined(scenario.seeds)}};
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
    record.rounds = preparation.scenario.training.rounds;
    record.state = "waiting";
    records.push_back(std::move(record));
  }
  return records;
}

void write_reports(const ResultsFolder& folder) {
  write_file(folder.file("summary.json"), summary_json(StoreReader(folder.file("run.sqlite"))));
  write_file(folder.file("report.html"), html_report({folder.path().string()}));
}

// Refuses to go on with other inputs than the ones that the folder's runs began with, and shows what differs.
void check_unchanged(const MetaMap& before, const MetaMap& now) {
  std::vector<Mistake> mistakes;
  for (const char* key : {"scenario_text", "platform_text", "libraries"}) {
    std::istringstream old_lines(before.count(key) ? before.at(key) : ""), new_lines(now.at(key));
    std::string old_line, new_line;
    for (int line = 1;; ++line) {
      const bool more_old = static_cast<bool>(std::getline(old_lines, old_line)),
                 more_new = static_cast<bool>(std::getline(new_lines, new_line));
      if (!more_old && !more_new) break;
      if (!more_old) old_line.clear();
      if (!more_new) new_line.clear();
      if (old_line == new_line) continue;
      const std::string file = std::string(key) == "scenario_text" ? now.at("scenario_file") : key;
      mistakes.push_back({file, line, fmt::format("now \"{}\", but the interrupted run had \"{}\"", new_line, old_line),
                          "the unchanged file with --resume, or the changed one without"});
    }
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

int exit_code(const std::vector<RunReport>& reports, int signal_received) {
  if (signal_received != 0) return 128 + signal_received;
  for (const RunReport& report : reports)
    if (report.state == RunReport::State::failed) return 1;
  return 0;
}

}  // namespace

int run_scenario(const RunCommand& command) {
  const Preparation preparation = prepare(command.scenario, command.overrides, command.cost_only);
  const ResultsFolder folder(
      command.out.empty() ? fs::path("results") / preparation.scenario.name : fs::path(command.out), command.resume);
  const std::string store_file = folder.file("run.sqlite");
  const MetaMap meta = meta_of(preparation, command);
  if (command.resume && fs::exists(store_file)) {
    check_unchanged(StoreReader(store_file).meta(), meta);
  } else {
    StoreWriter::create(store_file, meta, run_records(preparation));
  }

  ProgressView view(preparation);
  LaunchOptions options;
  options.store_file = store_file;
  options.checkpoint_folder = folder.file("checkpoints");
  options.checkpoint_every = command.checkpoint_every;
  options.resume = command.resume;
  options.jobs = command.jobs;
  options.on_change = [&](const std::vector<RunReport>& reports, int changed) { view.update(reports, changed); };
  const LearnerFactory make_learner = command.cost_only ? LearnerFactory{} : LearnerFactory{load_learner};
  int signal_received = 0;
  const std::vector<RunReport> reports = launch(preparation, make_learner, options, signal_received);
  view.finish(reports);

  // However the runs ended, what they finished is reported.
  write_reports(folder);
  fmt::print("\n{}\nreport: {}\n", comparison({folder.path().string()}, TableFormat::terminal),
             folder.file("report.html"));
  if (signal_received != 0)
    fmt::print(stderr, "msfusion: interrupted; the finished rounds are in {}\n", folder.path().string());
  return exit_code(reports, signal_received);
}

}  // namespace msfusion
