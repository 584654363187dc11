#include "sim/experiment/privacy_records.hpp"

namespace msfusion {

namespace {

double bytes_of(const RoundPlan& plan, StepId step) {
  return std::get<Transfer>(plan.steps[static_cast<std::size_t>(step)].what).bytes;
}

}  // namespace

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

std::optional<SecureSumRecord> secure_sum_record(int run, const RoundPlan& plan, const TimedRound& timed) {
  if (plan.secure_sums.empty()) return std::nullopt;
  const auto is_done = [&](StepId step) { return timed.steps[static_cast<std::size_t>(step)].fate == Fate::done; };
  const auto seconds_of = [&](StepId step) {
    const TimedStep& at = timed.steps[static_cast<std::size_t>(step)];
    return is_done(step) ? at.end_seconds - at.start_seconds : 0;
  };
  SecureSumRecord record;
  record.run = run;
  record.round = plan.round;
  record.sums = static_cast<int>(plan.secure_sums.size());
  for (const SecureSum& sum : plan.secure_sums) {
    record.lost_sums += is_lost(sum, timed) ? 1 : 0;
    for (const StepId step : sum.messages) record.bytes += is_done(step) ? bytes_of(plan, step) : 0;
    for (const StepId step : sum.masked) record.clear_bytes += is_done(step) ? sum.plain_bytes : 0;
    for (const StepId step : sum.computing) record.device_seconds += seconds_of(step);
    record.server_seconds += seconds_of(sum.unmasking);
  }
  record.device_seconds /= static_cast<double>(plan.tasks.size());
  return record;
}

}  // namespace msfusion
