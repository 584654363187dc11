#include "tools/side_by_side.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "sim/base/error.hpp"
#include "tools/output.hpp"

namespace msfusion {

namespace {

constexpr auto kLookInterval = std::chrono::milliseconds(100);
constexpr int kLooksPerRedraw = 10;
constexpr int kLastLineBytes = 400;

std::atomic<int> g_signal{0};
std::atomic<int> g_signals{0};

void on_signal(int number) {
  int none = 0;
  g_signal.compare_exchange_strong(none, number);
  ++g_signals;
}

[[noreturn]] void be_job(const SideJob& job, const CoreShare& share, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(130);  // it was killed before that line
  for (int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_DFL);
  const int log = open(job.log.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (log < 0) _exit(1);
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
  std::fflush(nullptr);
  _exit(code);
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
      while (g_signal == 0 && next_ < jobs_.size() && start_next()) {
      }
      if (!collect() && (next_ == jobs_.size() || g_signal != 0)) break;
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
    std::fflush(nullptr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid == 0) be_job(jobs_[next_], share, parent);
    *slot = {pid, next_, 0};
    ++next_;
    return true;
  }

  /// Passes signals on and takes note of what ended; whether anything is still running.
  bool collect() {
    bool any = false;
    for (Slot& slot : slots_) {
      if (slot.pid < 0) continue;
      if (const int heard = g_signals; heard > slot.passed_on) {
        kill(slot.pid, g_signal);
        slot.passed_on = heard;
      }
      int status = 0;
      const pid_t ended = waitpid(slot.pid, &status, WNOHANG);
      if (ended != slot.pid) {
        any = true;
        continue;
      }
      slot.pid = -1;
      const auto index = static_cast<int>(&slot - slots_.data());
      for (int process = 0; process < options_.processes_each; ++process)
        budget_.release_all_of(index * options_.processes_each + process);
      const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
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
  g_signal = 0;
  g_signals = 0;
  struct sigaction action {
  }, before[3]{};
  action.sa_handler = on_signal;
  const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  for (int i = 0; i < 3; ++i) sigaction(numbers[i], &action, &before[i]);
  std::vector<int> codes = Running(jobs, options).run();
  for (int i = 0; i < 3; ++i) sigaction(numbers[i], &before[i], nullptr);
  signal_received = g_signal;
  return codes;
}

}  // namespace msfusion
