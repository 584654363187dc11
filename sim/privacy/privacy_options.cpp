#include "sim/privacy/privacy_options.hpp"

namespace msfusion {

namespace {

constexpr double kLargestDelta = 0.1, kFastestRate = 10;
constexpr std::int64_t kMostLevels = std::int64_t{1} << 32;

bool clips(const PrivacyOptions& options) {
  return options.clip.has_value();
}

bool is_noisy(const PrivacyOptions& options) {
  return options.noise > 0;
}

bool is_secure(const PrivacyOptions& options) {
  return options.aggregates_securely;
}

// A time that nobody states would be a protocol that costs nothing.
void check_times(const PrivacyOptions& options, GivenAttributes& given) {
  if (!is_secure(options)) return;
  for (const char* time : {"agreement-time", "sharing-time", "mask-time"})
    if (!given.has(time))
      given.object("secure-aggregation", given.quote("secure-aggregation") + " without " + time,
                   "needed: agreement-time, sharing-time and mask-time, e.g. \"150us\", \"10ms\" and \"2ns\"");
}

void check(const PrivacyOptions& options, GivenAttributes& given) {
  check_times(options, given);
  if (is_noisy(options) && !options.delta && !given.refused("delta"))
    given.object("noise", given.quote("noise") + " without delta",
                 "needed: delta, well below one in as many users as there are, e.g. \"1e-5\"");
  if (given.refused("noise-cohort") || given.refused("population")) return;
  if (options.noise_cohort.has_value() != options.population.has_value()) {
    const char* one = options.noise_cohort ? "noise-cohort" : "population";
    given.object(one, given.quote(one) + " alone", "both noise-cohort and population, or neither");
  } else if (options.noise_cohort && *options.noise_cohort > *options.population) {
    given.object("noise-cohort", given.quote("noise-cohort"), "at most as many as population");
  }
}

}  // namespace

// A table. NOLINTNEXTLINE(readability-function-size)
const Vocabulary<PrivacyOptions>& privacy_vocabulary() {
  using P = PrivacyOptions;
  static const Vocabulary<P> all{
      {
          attribute<P>("clip", &P::clip, number_above(0),
                       "The longest update that a device sends, as an L2 norm over all parameters of its sub-model "
                       "together; longer ones are shortened to it. Every device then counts the same in the mean.",
                       "Near the median length of updates, which the store tells; less bends them, more costs noise.")
              .absent("no differential privacy"),
          attribute<P>("noise", &P::noise, number_from(0),
                       "Noise multiplier: the server adds Gaussian noise of this many clips to the sum of updates, "
                       "once a round.",
                       "0.5 to 2; 0 clips only, and guarantees nothing.")
              .in("clips")
              .only_with("clip", clips, "clip"),
          attribute<P>(
              "delta", &P::delta, number_above(0, kLargestDelta),
              "The probability with which the guarantee may fail. The report tells the epsilon that belongs to "
              "it.",
              "Well below one in as many users as there are.")
              .absent("needed with noise")
              .only_with("clip", clips, "clip"),
          attribute<P>(
              "clip-quantile", &P::clip_quantile, number_above(0, 1),
              "The clip moves until this share of the updates is shorter (arXiv 1905.03871): by exp(-rate (b - "
              "quantile)) after a round in which the share b was, which gets noise of its own.",
              "0.5 where the lengths are unknown or change.")
              .absent("the clip stays")
              .only_with("clip", clips, "clip"),
          attribute<P>("clip-rate", &P::clip_rate, number_above(0, kFastestRate), "How fast the clip moves.",
                       "Less where rounds have few devices.")
              .only_with(
                  "clip-quantile", [](const P& p) { return p.clip_quantile.has_value(); }, "clip-quantile"),
          attribute<P>("noise-cohort", &P::noise_cohort, whole(1),
                       "Devices a round of the larger system that the simulation stands for: the noise on the mean is "
                       "that of so many devices, and the guarantee that of so many out of population.",
                       "Where the fleet is too small for any noise to be bearable.")
              .in("devices")
              .absent("of the simulation")
              .only_with("clip", clips, "clip"),
          attribute<P>("population", &P::population, whole(1), "Devices in all of that larger system.",
                       "Together with noise-cohort.")
              .in("devices")
              .absent("of the simulation")
              .only_with("clip", clips, "clip"),
          attribute<P>("secure-aggregation", &P::aggregates_securely, on_off(),
                       "The server learns the sum of the updates alone (Bonawitz et al. 2017). The traffic, computing "
                       "and failures of its four trips are charged; what is learned is what the clear sum would give.",
                       "To see what it costs, beside differential privacy or without."),
          attribute<P>(
              "neighbours", [](auto& p) -> auto& { return p.aggregation.neighbours; }, whole(1),
              "Devices with which a device shares keys and secrets (arXiv 2012.05433).",
              "Far fewer than all in large cohorts: traffic and computing grow with them.")
              .in("devices")
              .absent("all others with the same sub-model")
              .only_with("secure-aggregation", is_secure, "secure-aggregation=\"on\""),
          attribute<P>(
              "levels", [](auto& p) -> auto& { return p.aggregation.levels; }, whole(2, kMostLevels),
              "Values that an element of an update can have on the common grid: it decides how many bits a masked "
              "element needs.",
              "65536 for sums of many devices.")
              .in("levels")
              .only_with("secure-aggregation", is_secure, "secure-aggregation=\"on\""),
          attribute<P>(
              "threshold", [](auto& p) -> auto& { return p.aggregation.threshold; }, number_above(0, 1),
              "Share of the devices that must stay to the end: with fewer the sum is lost.",
              "Lower where many drop out, higher against a server that colludes.")
              .absent("2/3")
              .only_with("secure-aggregation", is_secure, "secure-aggregation=\"on\""),
          attribute<P>(
              "agreement-time", [](auto& p) -> auto& { return p.aggregation.agreement_seconds; },
              quantity(Quantity::seconds, "150us"), "Computing time of agreeing on a key with another device.",
              "Measure it on the slowest device.")
              .in("time")
              .absent("needed with secure-aggregation")
              .only_with("secure-aggregation", is_secure, "secure-aggregation=\"on\""),
          attribute<P>(
              "sharing-time", [](auto& p) -> auto& { return p.aggregation.sharing_seconds; },
              quantity(Quantity::seconds, "10ms"),
              "Computing time of sharing a secret among the neighbours, or of putting it together again.",
              "It grows with the square of the neighbours.")
              .in("time")
              .absent("needed with secure-aggregation")
              .only_with("secure-aggregation", is_secure, "secure-aggregation=\"on\""),
          attribute<P>(
              "mask-time", [](auto& p) -> auto& { return p.aggregation.mask_seconds; },
              quantity(Quantity::seconds, "2ns"), "Computing time of one element of one mask.",
              "A stream cipher's time for four bytes.")
              .in("time")
              .absent("needed with secure-aggregation")
              .only_with("secure-aggregation", is_secure, "secure-aggregation=\"on\""),
      },
      check};
  return all;
}

}  // namespace msfusion
