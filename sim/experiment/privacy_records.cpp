#include "sim/experiment/privacy_records.hpp"

namespace msfusion {

PrivacyLedger::PrivacyLedger(const PrivacyOptions& options, const std::optional<PrivacyTerms>& terms)
    : options_(options) {
  if (terms && options.noise > 0) accountant_.emplace(terms->rate, options.noise);
}

std::optional<PrivacyRecord> PrivacyLedger::record(int run, int round, const PrivacyFigures& figures) const {
  if (!options_.clip) return std::nullopt;
  PrivacyRecord record{run, round, {}, {}, figures.clip, figures.shortened};
  if (accountant_) {
    record.delta = options_.delta;
    record.epsilon = accountant_->epsilon(merges_, options_.delta.value());
  }
  return record;
}

}  // namespace msfusion
