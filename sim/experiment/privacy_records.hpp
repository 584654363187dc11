// What a round did to the privacy of its users, as the row that is recorded of it.
#pragma once

#include <optional>

#include "sim/learn/learner.hpp"
#include "sim/method/privacy_terms.hpp"
#include "sim/plan/timed_round.hpp"
#include "sim/privacy/accountant.hpp"
#include "sim/record/records.hpp"

namespace msfusion {

/// Follows the rounds of a run.
class PrivacyLedger {
 public:
  /// `terms`: none where the scenario asks for no privacy.
  PrivacyLedger(const PrivacyOptions& options, const std::optional<PrivacyTerms>& terms);

  /// Of a round, to be called for each in turn: one that merges nothing publishes nothing and costs no epsilon.
  void count(bool merges) { merges_ += merges ? 1 : 0; }

  /// The row of the round counted last; none without privacy.
  std::optional<PrivacyRecord> record(int run, int round, const PrivacyFigures& figures) const;

 private:
  const PrivacyOptions options_;
  std::optional<Accountant> accountant_;
  int merges_ = 0;
};

/// What secure aggregation cost in a round; none without it.
std::optional<SecureSumRecord> secure_sum_record(int run, const RoundPlan& plan, const TimedRound& timed);

}  // namespace msfusion
