#include "sim/method/selection_options.hpp"

namespace msfusion {

namespace {

using CandidateLoss = SelectionOptions::CandidateLoss;
using TierChoice = SelectionOptions::TierChoice;

constexpr std::array<Choice<CandidateLoss>, 3> kCandidateLosses{{
    {CandidateLoss::all, "all", "of all their samples (pow-d)"},
    {CandidateLoss::batch, "batch", "of one batch (cpow-d)"},
    {CandidateLoss::last, "last", "of their last training, without asking (rpow-d)"},
}};
constexpr std::array<Choice<TierChoice>, 2> kTierChoices{{
    {TierChoice::adaptive, "adaptive", "tiers with low accuracy more often"},
    {TierChoice::fixed, "static", "with given shares"},
}};

constexpr double kMostAsked = 10;  // times the cohort
constexpr int kMostTiers = 100;

bool is(const SelectionOptions& o, SelectionKind kind) {
  return o.kind == kind;
}
bool is_power_of_choice(const SelectionOptions& o) {
  return is(o, SelectionKind::power_of_choice);
}
bool is_oort(const SelectionOptions& o) {
  return is(o, SelectionKind::oort);
}
bool is_tifl(const SelectionOptions& o) {
  return is(o, SelectionKind::tifl);
}
bool has_round_time(const SelectionOptions& o) {
  return is(o, SelectionKind::fedcs) || is(o, SelectionKind::deadline);
}

constexpr const char* kPowerOfChoice = "selection=\"power-of-choice\"";
constexpr const char* kOort = "selection=\"oort\"";

}  // namespace

// A table. NOLINTNEXTLINE(readability-function-size)
const Vocabulary<SelectionOptions>& selection_vocabulary() {
  using O = SelectionOptions;
  static const Vocabulary<O> all{
      {
          attribute<O>(
              "selection", [](auto& o) -> auto& { return o.kind; }, one_of_table("selection", kSelections),
              "Which devices make up a cohort: all alike; in proportion to their samples; of some candidates those "
              "with the largest loss; by losses and speed (Oort); one tier of equal speed (TiFL); as many as are done "
              "in time, uploading one after the other (FedCS) or at once (deadline).",
              "To ask what the right devices bring, and what that does to the others."),
          attribute<O>(
              "over-select", [](auto& o) -> auto& { return o.over_select; }, number_from(1, kMostAsked),
              "As many times the cohort are asked. The round closes when a cohort has arrived; the others' work is "
              "paid for and discarded.",
              "1.3 against stragglers."),
          attribute<O>(
              "candidates", [](auto& o) -> auto& { return o.candidates; }, whole(1),
              "Devices that are asked for their loss, drawn in proportion to their samples.",
              "More favour large losses; as many as the cohort is selection=\"size\".")
              .in("devices")
              .absent("twice the cohort")
              .only_with("selection", is_power_of_choice, kPowerOfChoice),
          attribute<O>(
              "candidate-loss", [](auto& o) -> auto& { return o.candidate_loss; },
              one_of_table("candidate-loss", kCandidateLosses),
              "What counts of a candidate: the mean loss of the model that it receives, on all its samples or on one "
              "batch, or the loss that it reported when it last trained.",
              "batch computes less; last needs no message.")
              .only_with("selection", is_power_of_choice, kPowerOfChoice),
          attribute<O>(
              "slow-exponent", [](auto& o) -> auto& { return o.slow_exponent; }, number_from(0),
              "A device that takes t instead of at most the preferred T counts (T / t)^exponent.",
              "0 ignores durations.")
              .only_with("selection", is_oort, kOort),
          attribute<O>(
              "duration-percentile", [](auto& o) -> auto& { return o.duration_percentile; }, number_from(0, 100),
              "Of all devices' durations: the preferred one at first, raised and lowered by 5 as utility changes; "
              "at 100 none is too long.",
              "30 as FedScale has it.")
              .in("%")
              .only_with("selection", is_oort, kOort),
          attribute<O>(
              "cutoff", [](auto& o) -> auto& { return o.cutoff; }, number_from(0, 1),
              "Devices are drawn whose score is at least this share of the last one that would be taken.",
              "1 takes the best; less draws among more.")
              .only_with("selection", is_oort, kOort),
          attribute<O>(
              "utility-quantile", [](auto& o) -> auto& { return o.utility_quantile; }, number_above(0, 1),
              "Utilities above this quantile count as the quantile.", "Lower against corrupted devices.")
              .only_with("selection", is_oort, kOort),
          attribute<O>(
              "explore", [](auto& o) -> auto& { return o.explore; }, number_from(0, 1),
              "Share of the cohort for devices that never reported, at first.", "1 explores only.")
              .only_with("selection", is_oort, kOort),
          attribute<O>(
              "explore-decay", [](auto& o) -> auto& { return o.explore_decay; }, number_from(0, 1),
              "Factor of that share from round to round.", "0.98 as in the paper.")
              .only_with("selection", is_oort, kOort),
          attribute<O>(
              "explore-least", [](auto& o) -> auto& { return o.explore_least; }, number_from(0, 1),
              "What that share does not fall below.", "1 explores only.")
              .only_with("selection", is_oort, kOort),
          attribute<O>(
              "most-reports", [](auto& o) -> auto& { return o.most_reports; }, whole(1),
              "A device that reported more often than this is not asked any more.", "10 as in the paper.")
              .in("rounds")
              .absent("no limit")
              .only_with("selection", is_oort, kOort),
          attribute<O>(
              "tiers", [](auto& o) -> auto& { return o.tiers; }, whole(1, kMostTiers),
              "Groups of equal size, from the fastest devices to the slowest.", "1 is selection=\"uniform\".")
              .in("tiers")
              .only_with("selection", is_tifl, "selection=\"tifl\""),
          attribute<O>(
              "tier-choice", [](auto& o) -> auto& { return o.tier_choice; }, one_of_table("tier-choice", kTierChoices),
              "How a round chooses its tier: with given shares, or the rather the lower the model's accuracy is on the "
              "classes of its devices, each tier a limited number of times.",
              "static to repeat a mix.")
              .only_with("selection", is_tifl, "selection=\"tifl\""),
          attribute<O>(
              "tier-shares", [](auto& o) -> auto& { return o.tier_shares; }, list_of(number_from(0, 1)),
              "Probability of each tier, the fastest first.", "More for the first is faster and less fair.")
              .absent("all the same")
              .only_with(
                  "tier-choice", [](const O& o) { return is_tifl(o) && o.tier_choice == TierChoice::fixed; },
                  "selection=\"tifl\" and tier-choice=\"static\""),
          attribute<O>(
              "tier-interval", [](auto& o) -> auto& { return o.tier_interval; }, whole(1),
              "Rounds between two looks at the tiers' accuracies.", "Longer is steadier.")
              .in("rounds")
              .absent("as many as tiers")
              .only_with(
                  "tier-choice", [](const O& o) { return is_tifl(o) && o.tier_choice == TierChoice::adaptive; },
                  "selection=\"tifl\" and tier-choice=\"adaptive\""),
          attribute<O>(
              "round-time", [](auto& o) -> auto& { return o.round_seconds; }, quantity(Quantity::seconds, "30s"),
              "Simulated time within which the devices that are asked should be done, by what the platform says of "
              "each alone.",
              "3min in FedCS's paper.")
              .in("time")
              .absent("needed with fedcs and deadline")
              .only_with("selection", has_round_time, "selection=\"fedcs\" or \"deadline\""),
      },
      {}};
  return all;
}

}  // namespace msfusion
