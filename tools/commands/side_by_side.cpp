#include "tools/commands/side_by_side.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>
#include <thread>

#include "sim/base/error.hpp"
#include "sim/base/processes.hpp"
#include "tools/commands/output.hpp"

namespace msfusion {

namespace {

constexpr auto kLookInterval = std::chrono::milliseconds(100);
constexpr int kLooksPerRedraw = 10;
constexpr int kLastLineBytes = 400;

int be_job(const SideJob& job, const CoreShare& share) {
  let_signals_end_process();
  const int log = open(job.log.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (log < 0) return 1;
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  int code = 1;
  try {
    code = job.work(share);
  } catch (const UserError& error) {
    fmt::print("{}\n", error.what());
    code = 2;
  } catch (const std::exception& error) {
    fmt::print("{}\n", error.what());
  }
  return code;
}

std::string last_line(const std::string& file) {
  std::ifstream in(file, std::ios::ate | std::ios::binary);
  if (!in) return "";
  const std::streamoff size = in.tellg();
  in.seekg(std::max<std::streamoff>(0, size - kLastLineBytes));
  std::string line, last;
  while (std::getline(in, line))
    if (!line.empty()) last = line;
  return last;
}

class Running {
 public:
  Running(const std::vector<SideJob>& jobs, const SideBySide& options)
      : jobs_(jobs),
        options_(options),
        at_once_(std::min(jobs.size(), static_cast<std::size_t>(std::max(1, options.cores)))),
        budget_(std::max(1, options.cores), static_cast<int>(at_once_) * options.processes_each),
        codes_(jobs.size(), -1),
        slots_(at_once_) {}

  std::vector<int> run() {
    const bool shown = isatty(STDOUT_FILENO) == 1;
    for (int looks = 0;; ++looks) {
      while (StopSignals::first() == 0 && next_ < jobs_.size() && start_next()) {
      }
      if (!collect() && (next_ == jobs_.size() || StopSignals::first() != 0)) break;
      if (shown && looks % kLooksPerRedraw == 0) draw();
      std::this_thread::sleep_for(kLookInterval);
    }
    return codes_;
  }

 private:
  struct Slot {
    pid_t pid = -1;
    std::size_t job = 0;
    int passed_on = 0;
  };

  bool start_next() {
    const auto slot = std::find_if(slots_.begin(), slots_.end(), [](const Slot& s) { return s.pid < 0; });
    if (slot == slots_.end()) return false;
    const CoreShare share{&budget_, static_cast<int>(slot - slots_.begin()) * options_.processes_each};
    const pid_t pid = start_bound_process([&] { return be_job(jobs_[next_], share); });
    *slot = {pid, next_, 0};
    ++next_;
    return true;
  }

  /// Passes signals on and takes note of what ended; whether anything is still running.
  bool collect() {
    bool any = false;
    for (Slot& slot : slots_) {
      if (slot.pid < 0) continue;
      if (const int heard = StopSignals::count(); heard > slot.passed_on) {
        kill(slot.pid, StopSignals::first());
        slot.passed_on = heard;
      }
      const std::optional<ProcessEnd> end = poll_end(slot.pid);
      if (!end) {
        any = true;
        continue;
      }
      slot.pid = -1;
      const auto index = static_cast<int>(&slot - slots_.data());
      for (int process = 0; process < options_.processes_each; ++process)
        budget_.release_all_of(index * options_.processes_each + process);
      const int code = end->shell_code();
      codes_[slot.job] = code;
      erase_drawing();
      if (options_.ended) options_.ended(jobs_[slot.job], code);
      std::fflush(stdout);
      std::error_code ignored;
      if (code == 0) std::filesystem::remove(jobs_[slot.job].log, ignored);
    }
    return any;
  }

  void erase_drawing() {
    if (lines_drawn_ > 0) say(fmt::format("\033[{}A\033[J", lines_drawn_));
    lines_drawn_ = 0;
  }

  void draw() {
    erase_drawing();
    for (const Slot& slot : slots_) {
      if (slot.pid < 0) continue;
      const std::string line = fmt::format("{}: {}", jobs_[slot.job].name, last_line(jobs_[slot.job].log));
      say(line.substr(0, 79) + "\n");
      ++lines_drawn_;
    }
    std::fflush(stdout);
  }

  const std::vector<SideJob>& jobs_;
  const SideBySide& options_;
  std::size_t at_once_;
  CoreBudget budget_;
  std::vector<int> codes_;
  std::vector<Slot> slots_;
  std::size_t next_ = 0;
  int lines_drawn_ = 0;
};

}  // namespace

std::vector<int> run_side_by_side(const std::vector<SideJob>& jobs, const SideBySide& options, int& signal_received) {
  const StopSignals signals;
  std::vector<int> codes = Running(jobs, options).run();
  signal_received = StopSignals::first();
  return codes;
}

}  // namespace msfusion
