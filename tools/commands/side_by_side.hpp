// Work that several processes do at once, sharing one budget of cores.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/base/cores.hpp"

namespace msfusion {

/// The part of a budget of cores that a process and its children use, each under a number of its own.
struct CoreShare {
  CoreBudget* budget = nullptr;  ///< none: the program's own
  int first_process = 0;
};

struct SideJob {
  std::string name;
  std::string log;                            ///< file for what it prints; removed when it ends with 0
  std::function<int(const CoreShare&)> work;  ///< returns the exit code; in a process of its own
};

struct SideBySide {
  int cores = 1;
  int processes_each = 1;                          ///< how many of a job's own processes take cores
  std::function<void(const SideJob&, int)> ended;  ///< with the exit code, 128 + signal for a crash
};

/// Runs the jobs, as many at once as there are cores, in their order. Returns the exit codes; -1 for those that a
/// signal (SIGINT, SIGTERM, SIGHUP; passed on) kept from starting. `signal_received` gets its number, or 0. On a
/// terminal the last line that each running job printed is shown.
std::vector<int> run_side_by_side(const std::vector<SideJob>& jobs, const SideBySide& options, int& signal_received);

}  // namespace msfusion
