#include "sim/experiment/launcher.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <nlohmann/json.hpp>
#include <system_error>
#include <thread>

#include "sim/base/error.hpp"
#include "sim/base/processes.hpp"

namespace msfusion {

namespace {

using nlohmann::json;

std::atomic<bool> g_stop{false};  // in a child: finish the round

// While the parent waits for the store, it does not watch the runs.
constexpr int kParentWaitsMs = 1000;

constexpr const char* kStoppedFromOutside =
    "a signal from outside stopped the process of this run alone, as programs that free memory do; its finished rounds "
    "are kept, and --resume goes on with them";

enum ChildExit { kFinished = 0, kFailed = 1, kInterrupted = 3 };

class Child {
 public:
  pid_t pid = -1;
  int pipe = -1;
  std::string buffer;
};

void send_line(int pipe, const json& message) {
  const std::string line = message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  std::size_t sent = 0;
  while (sent < line.size()) {
    const ssize_t count = write(pipe, line.data() + sent, line.size() - sent);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // the reader is gone; the results are in the store
    sent += static_cast<std::size_t>(count);
  }
}

json to_json(const Progress& progress) {
  json message = {{"done", progress.rounds_done},
                  {"rounds", progress.rounds},
                  {"seconds", progress.simulated_seconds},
                  {"share", progress.share},
                  {"last", progress.is_last}};
  if (progress.accuracy) message["accuracy"] = *progress.accuracy;
  if (progress.mean_loss) message["loss"] = *progress.mean_loss;
  if (progress.epsilon) message["epsilon"] = *progress.epsilon;
  return message;
}

Progress from_json(const json& message, int run) {
  Progress progress{run,          message.at("done"), message.at("rounds"), message.at("seconds"),
                    std::nullopt, std::nullopt,       message.at("share"),  message.at("last")};
  if (message.contains("accuracy")) progress.accuracy = message["accuracy"].get<double>();
  if (message.contains("loss")) progress.mean_loss = message["loss"].get<double>();
  if (message.contains("epsilon")) progress.epsilon = message["epsilon"].get<double>();
  return progress;
}

// The newest checkpoint that the store has the rounds of; later rounds are forgotten, to be done again. Without one the
// run starts over.
std::optional<ResumePoint> resume_point(const LaunchOptions& options, int run, const Checkpoints& checkpoints,
                                        StoreWriter& store) {
  std::vector<Maybe> losses;
  std::map<int, double> accuracies;
  std::map<int, std::vector<SelectionRecord>> selections;
  {
    const StoreReader recorded(options.store_file);
    for (const RoundRecord& round : recorded.rounds(run)) losses.push_back(round.mean_loss);
    for (SelectionRecord& at : recorded.selections(run)) selections[at.round].push_back(at);
    for (const EvaluationRecord& at : recorded.evaluations(run)) accuracies[at.round] = at.global_accuracy;
  }
  std::vector<std::string> warnings;
  auto found = checkpoints.newest(static_cast<int>(losses.size()) - 1, warnings);
  for (const std::string& text : warnings) std::fputs(("msfusion: warning: " + text + "\n").c_str(), stderr);
  store.forget_after(run, found ? found->round : -2);  // -2: with the warnings from before the first round
  if (!found) return std::nullopt;
  losses.resize(static_cast<std::size_t>(found->round) + 1);
  accuracies.erase(accuracies.upper_bound(found->round), accuracies.end());
  return ResumePoint{std::move(*found), std::move(losses), std::move(accuracies), std::move(selections)};
}

// As send_line, without taking memory.
void send_out_of_memory(int pipe) {
  constexpr char kLine[] = "{\"error\":\"out of memory\"}\n";
  [[maybe_unused]] const ssize_t sent = write(pipe, kLine, sizeof kLine - 1);
}

// The whole life of a child process; returns its exit code.
int be_child(const Preparation& preparation, const RunSpec& run, const LearnerFactory& make_learner,
             const LaunchOptions& options, CoreBudget& cores, int slot, int jobs, int pipe) {
  // By the second signal, which ends the process at once, every finished round is in the store.
  stop_at_first_signal([] { g_stop = true; });
  cores.set_process(slot);
  int status = kFailed;
  try {
    StoreWriter store = StoreWriter::open(options.store_file, options.store_id);
    store.set_state(run.run, "running");
    const RunInputs inputs(preparation, run);
    RunOptions run_options;
    run_options.workers = jobs;
    run_options.cores = &cores;
    run_options.stop = &g_stop;
    const Checkpoints checkpoints(options.checkpoint_folder, run.run, options.store_id);
    run_options.checkpoints = &checkpoints;
    run_options.checkpoint_every = options.checkpoint_every;
    if (options.resume) run_options.resume = resume_point(options, run.run, checkpoints, store);
    run_options.on_progress = [&](const Progress& progress) { send_line(pipe, to_json(progress)); };
    run_options.on_end = [&](const CpuProfile& profile) { send_line(pipe, {{"profile", profile.seconds}}); };
    std::optional<RecordedRun> recorded;
    if (!options.recorded_folder.empty())
      run_options.recorded = &recorded.emplace(options.recorded_folder, run.method->label, run.seed);
    if (!options.participation_folder.empty())
      run_options.participation_file = RecordedRun::participation_file(options.participation_folder, run.run);
    run_options.model_folder = options.model_folder;
    if (options.observe) run_options.on_round = options.observe(inputs);
    const RunEnd end = carry_out(inputs, make_learner, store, run_options);
    store.set_state(run.run, end == RunEnd::finished ? "finished" : "interrupted");
    if (end == RunEnd::finished) checkpoints.keep_last();
    status = end == RunEnd::finished ? kFinished : kInterrupted;
  } catch (const std::bad_alloc&) {
    send_out_of_memory(pipe);
  } catch (const std::exception& error) {
    send_line(pipe, {{"error", error.what()}});
  } catch (...) {
    send_line(pipe, {{"error", "an error without a name: please report it"}});
  }
  return status;
}

class Launcher {
 public:
  Launcher(const Preparation& preparation, const LearnerFactory& make_learner, const LaunchOptions& options)
      : preparation_(preparation),
        make_learner_(make_learner),
        options_(options),
        jobs_(cores_in_use(options.jobs)),
        // One run more than there are cores, so that a core is not idle while a run plans, evaluates its last round or
        // starts.
        slots_(static_cast<std::size_t>(jobs_) + 1),
        own_cores_(jobs_, jobs_ + 1),
        cores_(options.cores ? *options.cores : own_cores_) {
    for (const RunSpec& run : runs_of(preparation))
      reports_.push_back({run,
                          RunReport::State::waiting,
                          "",
                          {run.run, 0, rounds_of(preparation.scenario, *run.method), 0, {}, {}},
                          {}});
    if (options.resume)
      for (const RunRecord& record : StoreReader(options.store_file).runs())
        if (record.state == "finished")
          reports_[static_cast<std::size_t>(record.run)].state = RunReport::State::finished;
    slot_run_.resize(slots_, -1);
    children_.resize(slots_);
  }

  std::vector<RunReport> run() {
    {
      const StopSignals signals;
      while (true) {
        start_waiting();
        if (running() == 0) break;
        watch();
      }
    }
    write_down_ends();
    return std::move(reports_);
  }

 private:
  int running() const {
    return static_cast<int>(std::count_if(slot_run_.begin(), slot_run_.end(), [](int run) { return run >= 0; }));
  }

  void start_waiting() {
    for (RunReport& report : reports_) {
      if (report.state != RunReport::State::waiting) continue;
      if (StopSignals::count() > 0) {
        report.state = RunReport::State::interrupted;
        continue;
      }
      const auto slot = std::find(slot_run_.begin(), slot_run_.end(), -1);
      if (slot == slot_run_.end()) return;
      start(report, static_cast<std::size_t>(slot - slot_run_.begin()));
    }
  }

  void start(RunReport& report, std::size_t slot) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
      return could_not_start(report, "pipe", std::error_code(errno, std::generic_category()));
    pid_t pid = -1;
    try {
      pid = start_bound_process([&] {
        close(ends[0]);
        return be_child(preparation_, report.run, make_learner_, options_, cores_, process_of(slot), jobs_, ends[1]);
      });
    } catch (const std::system_error& error) {
      close(ends[0]);
      close(ends[1]);
      return could_not_start(report, "fork", error.code());
    }
    close(ends[1]);
    children_[slot] = Child{pid, ends[0], {}};
    slot_run_[slot] = report.run.run;
    report.state = RunReport::State::running;
    changed(report);
  }

  // Takes no other run with it.
  void could_not_start(RunReport& report, const char* call, const std::error_code& reason) {
    fail(report, fmt::format("no process could be started for this run ({}: {})", call, reason.message()));
    changed(report);
  }

  void watch() {
    std::vector<pollfd> polled;
    std::vector<std::size_t> slots;
    for (std::size_t slot = 0; slot < slots_; ++slot) {
      if (slot_run_[slot] < 0) continue;
      polled.push_back({children_[slot].pipe, POLLIN, 0});
      slots.push_back(slot);
    }
    const int ready = poll(polled.data(), polled.size(), 200);
    pass_on_signals();
    if (ready <= 0) return;
    for (std::size_t i = 0; i < polled.size(); ++i)
      if (polled[i].revents != 0) read_from(slots[i]);
  }

  // Runs are process groups of their own, so that what a terminal or another program sends to ours reaches us alone and
  // is passed on once: a run that hears twice ends at once, without its checkpoint.
  void pass_on_signals() {
    const int heard = StopSignals::count();
    if (heard == passed_on_) return;
    for (std::size_t slot = 0; slot < slots_; ++slot)
      if (slot_run_[slot] >= 0) kill(children_[slot].pid, heard > 1 || options_.ends_at_once ? SIGKILL : SIGTERM);
    passed_on_ = heard;
  }

  void read_from(std::size_t slot) {
    char bytes[4096];
    const ssize_t count = read(children_[slot].pipe, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) return ended(slot);
    Child& child = children_[slot];
    child.buffer.append(bytes, static_cast<std::size_t>(count));
    for (std::size_t end; (end = child.buffer.find('\n')) != std::string::npos; child.buffer.erase(0, end + 1)) {
      RunReport& report = report_of(slot);
      const json message = json::parse(child.buffer.substr(0, end));
      if (message.contains("error")) {
        report.message = message["error"];
      } else if (message.contains("profile")) {
        report.profile.seconds = message["profile"];
      } else {
        report.progress = from_json(message, report.run.run);
        changed(report);
      }
    }
  }

  void ended(std::size_t slot) {
    RunReport& report = report_of(slot);
    const ProcessEnd end = wait_for(children_[slot].pid);
    close(children_[slot].pipe);
    cores_.release_all_of(process_of(slot));
    slot_run_[slot] = -1;
    if (end.signal == 0 && end.code == kFinished) {
      report.state = RunReport::State::finished;
    } else if (end.signal == 0 && end.code == kInterrupted && StopSignals::count() > 0) {
      report.state = RunReport::State::interrupted;
    } else if (end.signal == 0 && end.code == kInterrupted) {
      fail(report, kStoppedFromOutside);
    } else if (StopSignals::count() > 0 && report.message.empty()) {
      report.state = RunReport::State::interrupted;
      to_write_down_.push_back(report.run.run);  // a run that was ended at once could not say so itself
    } else if (end.signal != 0) {
      fail(report, fmt::format("the process of this run was ended by {} ({})", strsignal(end.signal),
                               end.signal == SIGKILL ? "perhaps out of memory" : "a crash: please report it"));
    } else {
      fail(report, report.message.empty()
                       ? fmt::format("the process of this run ended by itself with exit code {}", end.code)
                       : report.message);
    }
    write_down_ends();
    changed(report);
  }

  void fail(RunReport& report, const std::string& message) {
    report.state = RunReport::State::failed;
    report.message = message;
    to_write_down_.push_back(report.run.run);
  }

  // A store that cannot be written now, perhaps for the reason that the run failed for, is tried again when the next
  // run has ended, and does not stop the others.
  void write_down_ends() {
    try {
      while (!to_write_down_.empty()) {
        const RunReport& report = reports_[static_cast<std::size_t>(to_write_down_.back())];
        StoreWriter::open(options_.store_file, options_.store_id, kParentWaitsMs)
            .set_state(report.run.run, report.state == RunReport::State::failed ? "failed" : "interrupted",
                       report.message);
        to_write_down_.pop_back();
      }
    } catch (const std::exception&) {
    }
  }

  int process_of(std::size_t slot) const { return options_.first_process + static_cast<int>(slot); }
  RunReport& report_of(std::size_t slot) { return reports_[static_cast<std::size_t>(slot_run_[slot])]; }
  void changed(const RunReport& report) const {
    if (options_.on_change) options_.on_change(reports_, report.run.run);
  }

  const Preparation& preparation_;
  const LearnerFactory& make_learner_;
  const LaunchOptions& options_;
  int jobs_;
  std::size_t slots_;
  CoreBudget own_cores_;
  CoreBudget& cores_;
  std::vector<RunReport> reports_;
  std::vector<int> slot_run_;  // -1: free
  std::vector<Child> children_;
  std::vector<int> to_write_down_;  // runs whose end the store does not tell yet
  int passed_on_ = 0;
};

}  // namespace

int cores_in_use(int jobs) {
  return jobs > 0 ? jobs : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::vector<RunReport> launch(const Preparation& preparation, const LearnerFactory& make_learner,
                              const LaunchOptions& options, Interruption& interruption) {
  std::vector<RunReport> reports = Launcher(preparation, make_learner, options).run();
  interruption = {StopSignals::first(), StopSignals::count() > (options.ends_at_once ? 0 : 1)};
  return reports;
}

}  // namespace msfusion
