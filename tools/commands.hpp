// The commands of the command line; each returns the program's exit code and throws UserError or RunError.
#pragma once

#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"

namespace msfusion {

struct RunCommand {
  std::string scenario;
  std::string out;  ///< folder; empty: results/NAME
  int jobs = 0;     ///< cores at work at once; 0: all
  std::vector<Override> overrides;
  bool resume = false;        ///< go on where an earlier call stopped
  int checkpoint_every = 10;  ///< rounds
  bool cost_only = false;     ///< `plan`: no training
  std::string command_line;   ///< that repeats the run, for the report
};

int run_scenario(const RunCommand& command);
int check_scenario(const std::string& scenario, const std::vector<Override>& overrides);
int list_things(const std::string& what);

/// "path=value" of --set. Throws UserError.
Override parse_override(const std::string& text);

}  // namespace msfusion
