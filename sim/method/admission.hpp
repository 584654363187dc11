// Which devices may take part at all: those with enough memory, until their battery is used up.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/method/rates.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

class Admission {
 public:
  /// Throws UserError: a device whose slice does not fit its memory (needed and available, per device) where the
  /// scenario says memory="fail", or a battery that nothing is known to empty. `setup` must outlive it.
  Admission(const PlannerSetup& setup, TaskCosts& costs, const Rates& rates);

  const std::vector<NodeId>& members() const { return members_; }
  const std::vector<std::string>& warnings() const { return warnings_; }  ///< from before the first round

  bool has_left(NodeId device) const { return has_left_[static_cast<std::size_t>(device)]; }

  /// Takes what the round used out of the batteries. A device whose battery is used up leaves for good.
  void observe(const TimedRound& timed);
  const std::vector<std::string>& news() const { return news_; }  ///< devices that left in the last observed round

  /// What a device's battery still holds; none where it has no battery.
  std::optional<double> battery_left_joules(NodeId device) const;

 private:
  void check_memory(TaskCosts& costs, const Rates& rates);
  void check_batteries() const;
  void warn_of_rare_visits();

  const PlannerSetup& setup_;
  std::vector<NodeId> members_;
  std::vector<std::string> warnings_, news_;
  std::vector<double> drawn_joules_;  // per device, since the run began
  std::vector<bool> has_left_;
};

}  // namespace msfusion
