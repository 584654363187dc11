#include "sim/method/privacy_terms.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/privacy/mechanism.hpp"

namespace msfusion {

std::pair<std::string, std::string> privacy_contradiction(const Method& method) {
  const bool selects =
      method.exchange.cohort && (method.selection.kind != SelectionKind::uniform || method.selection.over_select > 1);
  if (method.privacy.secure() && selects)
    return {
        "secure-aggregation=\"on\" with a selection: who does not answer costs unmasking, and what devices tell of "
        "themselves is in the clear",
        "selection=\"uniform\" without over-select"};
  if (!method.privacy.clip) return {};
  const ExchangeRow& exchange = facts_of(method.exchange.kind);
  const MergeRow& merge = facts_of(method.merge.kind);
  if (exchange.not_private)
    return {fmt::format("clip in <privacy> where the exchange is \"{}\": {}", exchange.name, exchange.not_private),
            "methods whose server adds up updates, in a scenario of their own"};
  if (merge.not_private)
    return {fmt::format("clip in <privacy> with merge=\"{}\": {}", merge.name, merge.not_private),
            "merge=\"mean\", \"overlap-mean\", \"momentum\" or \"adam\""};
  if (method.state == OptimiserState::average)
    return {"clip in <privacy> with state=\"average\": moments are sent beside the updates, and nothing bounds them",
            "state=\"keep\" or \"reset\""};
  if (facts_of(method.encoding.kind).votes)
    return {fmt::format("clip in <privacy> with encoding=\"{}\": votes are no sum of updates, and have no length",
                        name_of(kEncodings, method.encoding.kind)),
            "another encoding"};
  if (selects)
    return {"clip in <privacy> with a selection: epsilon is that of devices drawn alike, all of whose updates count",
            "selection=\"uniform\" without over-select"};
  return {};
}

PrivacyTerms privacy_terms(const PlannerSetup& setup, int members) {
  const PrivacyOptions& options = setup.method.privacy;
  PrivacyTerms terms;
  terms.cohort = std::min(setup.method.exchange.cohort.value_or(members), members);
  terms.rate = sampling_rate(options, terms.cohort, members);
  if (const double most = most_noise(options, terms.cohort); options.clip_quantile && !(options.noise < most))
    refuse(setup,
           fmt::format("noise=\"{}\" in <privacy> with a clip that moves: in rounds of {} device{}, counting the "
                       "updates below the clip takes all of it",
                       options.noise, options.noise_cohort.value_or(terms.cohort), terms.cohort == 1 ? "" : "s"),
           fmt::format("noise below {:.4g}, more devices a round, or a clip that stays", most));
  return terms;
}

}  // namespace msfusion
