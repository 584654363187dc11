// Child processes, and the signals that ask a program to stop: the one place that forks and that catches them.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace msfusion {

/// How a process ended: by itself with a code, or by a signal.
struct ProcessEnd {
  int code = 0;
  int signal = 0;  ///< 0: by itself

  bool succeeded() const { return signal == 0 && code == 0; }
  int shell_code() const { return signal == 0 ? code : 128 + signal; }
};

/// Forks after writing out what waits in the streams, which a child would print once more. Returns 0 in the child.
/// Throws std::system_error.
pid_t fork_process();

/// Forks a child that does `work` and ends with the code that it returns, without running destructors. A child whose
/// work throws prints the error and ends with 1. Throws std::system_error in the parent.
pid_t start_process(const std::function<int()>& work);

/// The same for a child that a terminal's signals do not reach, because it is a process group of its own, and that is
/// killed when its parent dies.
pid_t start_bound_process(const std::function<int()>& work);

/// Replaces this process by a program, looked up in PATH where its name has no slash. Returns where that failed.
void replace_by(const std::vector<std::string>& words);

/// Waits for the end of a child. Throws std::system_error.
ProcessEnd wait_for(pid_t child);

/// The same without waiting; nothing while the child runs.
std::optional<ProcessEnd> poll_end(pid_t child);

/// While it lives, SIGINT, SIGTERM and SIGHUP are counted and do nothing else. One at a time in a process; afterwards
/// they do what they did before.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// How many came. timeout(1) signals both a process and its group: a signal soon after the first is not counted.
  static int count();
  static int first();  ///< its number; 0: none came
};

/// In a child of a program that counts signals: they end it, as they would end any program.
void let_signals_end_process();

/// In a child of a program that counts signals: the first one calls `on_first`, which must be safe in a signal handler;
/// the second one ends the process at once with 130.
void stop_at_first_signal(void (*on_first)());

/// From now on every SIGINT, SIGTERM and SIGHUP goes to that process instead.
void pass_signals_on_to(pid_t process);

}  // namespace msfusion
