// Shows what the runs of a scenario are doing: a line each on a terminal, plain lines where the output is piped.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "sim/experiment/launcher.hpp"

namespace msfusion {

class ProgressView {
 public:
  explicit ProgressView(const Preparation& preparation);
  void update(const std::vector<RunReport>& reports, int changed);
  void finish(const std::vector<RunReport>& reports);

 private:
  std::string line(const RunReport& report) const;
  void draw(const std::vector<RunReport>& reports);

  bool on_terminal_;
  bool several_seeds_;
  std::size_t name_width_ = 0;
  int lines_drawn_ = 0;
  std::vector<double> accuracies_;  // the last known one of each run; negative: none yet
  std::vector<std::chrono::steady_clock::time_point> started_;
  std::chrono::steady_clock::time_point drawn_{};
};

}  // namespace msfusion
