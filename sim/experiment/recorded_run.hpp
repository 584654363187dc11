// A finished run as its store has it: what training found, for timing the run again without training.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/plan/fleet.hpp"
#include "sim/plan/run_limits.hpp"
#include "sim/record/store.hpp"

namespace msfusion {

class RecordedRun {
 public:
  /// Throws RunError for a run that is not there or did not finish.
  RecordedRun(const std::string& results_folder, const std::string& label, std::uint64_t seed);

  /// As many rounds as were trained.
  RunBudget budget() const;

  bool ended_early() const { return ended_by_ != RunEnding::rounds; }

  Maybe mean_loss(int round) const { return rounds_.at(static_cast<std::size_t>(round)).mean_loss; }

  /// What the round's draw knew.
  const std::vector<SelectionRecord>& selections(int round) const;

  /// Copies what training found into the round's rows: losses, completed trainings, evaluations at the new clock's
  /// times. Throws RunError with the reason where the round would not have trained the same.
  void complete(RoundResult& result, std::uint32_t participation, const Fleet& fleet) const;

  static std::string participation_file(const std::string& results_folder, int run);

 private:
  void compare(const RoundResult& result, std::uint32_t participation, const Fleet& fleet) const;

  RunEnding ended_by_;
  std::vector<RoundRecord> rounds_;
  std::vector<std::uint32_t> participation_;
  std::map<int, std::vector<DeviceRoundRecord>> devices_;       // by round
  std::map<std::pair<int, std::string>, Maybe> coding_errors_;  // by round and direction
  std::map<int, PrivacyRecord> privacy_;
  std::map<int, std::vector<SelectionRecord>> selections_;  // by round
  std::map<int, EvaluationRecord> evaluations_;
  std::map<int, FairnessRecord> fairness_;
  std::map<int, std::vector<DeviceEvaluationRecord>> device_evaluations_;
  std::map<int, std::vector<PersonalEvaluationRecord>> personal_evaluations_;
};

}  // namespace msfusion
