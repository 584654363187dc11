// Which devices a round asks, where a method draws a cohort, and what a user can say about it.
#pragma once

#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "sim/base/choice.hpp"
#include "sim/base/vocabulary.hpp"

namespace msfusion {

enum class SelectionKind { uniform, size, power_of_choice, oort, tifl, fedcs, deadline };

struct SelectionRow : Choice<SelectionKind> {
  bool draws_by_size;      ///< devices with more samples are drawn more often: a merge counts all that came the same
  bool asks_the_platform;  ///< how long a device takes, alone on its links
};

// clang-format off
inline constexpr std::array<SelectionRow, 7> kSelections{{
    // value, name, meaning; then: draws by size, asks the platform
    {{SelectionKind::uniform, "uniform", "every device is as likely as any other"},
     false, false},
    {{SelectionKind::size, "size", "in proportion to their samples"},
     true,  false},
    {{SelectionKind::power_of_choice, "power-of-choice", "of some candidates those with the largest loss (pow-d)"},
     true,  false},
    {{SelectionKind::oort, "oort", "those whose samples have large losses, and that are fast enough"},
     false, true},
    {{SelectionKind::tifl, "tifl", "all of one tier of about the same speed"},
     false, true},
    {{SelectionKind::fedcs, "fedcs", "of a random cohort as many as can upload one after the other in time"},
     false, true},
    {{SelectionKind::deadline, "deadline", "the fastest, as long as they are done in time"},
     false, true},
}};
// clang-format on

/// What a selection wants to know that only training tells.
enum class Told {
  nothing,
  loss_before,    ///< of candidates: the mean loss of the round's model on their samples
  accuracy,       ///< of the global model on the classes that a device has
  training_loss,  ///< of a training: the mean over its steps
  sample_losses,  ///< of a training: the root of the mean squared loss of its first epoch's samples
};

struct SelectionOptions {
  SelectionKind kind = SelectionKind::uniform;
  double over_select = 1;  ///< asks this many times the cohort, and closes when the cohort has arrived

  std::optional<int> candidates;  ///< power-of-choice; none: twice the cohort
  enum class CandidateLoss { all, batch, last } candidate_loss = CandidateLoss::all;

  double slow_exponent = 2;         ///< oort: how much a device loses that is slower than the preferred duration
  double duration_percentile = 10;  ///< oort: of all durations: the preferred one at first; 100: none is too long
  double cutoff = 0.7;              ///< oort: share of the last exploited score that is still good enough
  double utility_quantile = 0.98;   ///< oort: utilities above it count as it
  double explore = 0.9;             ///< oort: share of the cohort that never reported, at first
  double explore_decay = 0.95;      ///< oort: from round to round
  double explore_least = 0.2;       ///< oort
  std::optional<int> most_reports;  ///< oort: a device that reported more often is not asked any more

  int tiers = 5;  ///< tifl
  enum class TierChoice { adaptive, fixed } tier_choice = TierChoice::adaptive;
  std::vector<double> tier_shares;   ///< tifl, fixed; empty: all the same
  std::optional<int> tier_interval;  ///< tifl, adaptive: rounds between two looks; none: as many as tiers

  double round_seconds = 0;  ///< fedcs, deadline
};

/// The attributes of <method> that are about selection.
const Vocabulary<SelectionOptions>& selection_vocabulary();

inline const SelectionRow& facts_of(SelectionKind kind) {
  return row_of(kSelections, kind);
}

inline Told told_of(const SelectionOptions& options) {
  switch (options.kind) {
    case SelectionKind::power_of_choice:
      return options.candidate_loss == SelectionOptions::CandidateLoss::last ? Told::training_loss : Told::loss_before;
    case SelectionKind::oort:
      return Told::sample_losses;
    case SelectionKind::tifl:
      return options.tier_choice == SelectionOptions::TierChoice::adaptive && options.tiers > 1 ? Told::accuracy
                                                                                                : Told::nothing;
    case SelectionKind::uniform:
    case SelectionKind::size:
    case SelectionKind::fedcs:
    case SelectionKind::deadline:
      break;
  }
  return Told::nothing;
}

/// Whether the draws depend on what was learnt, so that they are not known without training.
inline bool learns(const SelectionOptions& options) {
  return told_of(options) != Told::nothing;
}

/// How many devices a round asks that wants `cohort` of them.
inline int asked_of(const SelectionOptions& options, int cohort) {
  // Rounding noise must not ask one device more: 1.1 x 10 is 11.
  return static_cast<int>(std::ceil(options.over_select * cohort - 1e-9));
}

}  // namespace msfusion
