#include "sim/base/processes.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>

namespace msfusion {

namespace {

constexpr std::array<int, 3> kStopSignals = {SIGINT, SIGTERM, SIGHUP};
constexpr double kSameSignalSeconds = 0.1;

std::atomic<int> g_count{0};
std::atomic<int> g_first{0};
std::array<struct sigaction, kStopSignals.size()> g_before;
std::atomic<void (*)()> g_on_first{nullptr};
std::atomic<pid_t> g_receiver{0};

double seconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void handle_stop_signals(void (*handler)(int), int flags = 0) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  for (const int number : kStopSignals) sigaction(number, &action, nullptr);
}

void count_signal(int number) {
  static double first_at = 0;
  int none = 0;
  if (g_first.compare_exchange_strong(none, number)) {
    first_at = seconds_now();
  } else if (seconds_now() - first_at < kSameSignalSeconds) {
    return;
  }
  ++g_count;
}

void stop_or_end(int) {
  if (g_count.fetch_add(1) > 0) _exit(130);
  g_on_first.load()();
}

void pass_on(int number) {
  kill(g_receiver, number);
}

ProcessEnd end_of(int status) {
  return WIFSIGNALED(status) ? ProcessEnd{0, WTERMSIG(status)} : ProcessEnd{WEXITSTATUS(status), 0};
}

/// Not exit(): the parent's static objects are not the child's to destroy.
[[noreturn]] void do_and_exit(const std::function<int()>& work) {
  int code = 1;
  try {
    code = work();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  } catch (...) {
    std::fputs("an error without a name: please report it\n", stderr);
  }
  std::fflush(nullptr);
  _exit(code);
}

}  // namespace

pid_t fork_process() {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  return child;
}

pid_t start_process(const std::function<int()>& work) {
  const pid_t child = fork_process();
  if (child == 0) do_and_exit(work);
  return child;
}

pid_t start_bound_process(const std::function<int()>& work) {
  const pid_t parent = getpid();
  const pid_t child = fork_process();
  if (child != 0) return child;
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(130);  // the parent died before that line
  do_and_exit(work);
}

void replace_by(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  execvp(pointers.front(), pointers.data());
}

ProcessEnd wait_for(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0)
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "waitpid");
  return end_of(status);
}

std::optional<ProcessEnd> poll_end(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, WNOHANG) != child) return {};
  return end_of(status);
}

StopSignals::StopSignals() {
  g_count = 0;
  g_first = 0;
  struct sigaction action {};
  action.sa_handler = count_signal;
  for (std::size_t i = 0; i < kStopSignals.size(); ++i) sigaction(kStopSignals[i], &action, &g_before[i]);
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kStopSignals.size(); ++i) sigaction(kStopSignals[i], &g_before[i], nullptr);
}

int StopSignals::count() {
  return g_count;
}

int StopSignals::first() {
  return g_first;
}

void let_signals_end_process() {
  handle_stop_signals(SIG_DFL);
}

void stop_at_first_signal(void (*on_first)()) {
  g_count = 0;
  g_on_first = on_first;
  handle_stop_signals(stop_or_end);
}

void pass_signals_on_to(pid_t process) {
  g_receiver = process;
  handle_stop_signals(pass_on, SA_RESTART);
}

}  // namespace msfusion
