#include "sim/privacy/privacy_options.hpp"

namespace msfusion {

namespace {

constexpr double kLargestDelta = 0.1, kFastestRate = 10;

bool clips(const PrivacyOptions& options) {
  return options.clip.has_value();
}

bool is_noisy(const PrivacyOptions& options) {
  return options.noise > 0;
}

void check(const PrivacyOptions& options, GivenAttributes& given) {
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
              .only_with("noise", is_noisy, "noise above 0"),
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
              .only_with("noise", is_noisy, "noise above 0"),
          attribute<P>("population", &P::population, whole(1), "Devices in all of that larger system.",
                       "Together with noise-cohort.")
              .in("devices")
              .absent("of the simulation")
              .only_with("noise", is_noisy, "noise above 0"),
      },
      check};
  return all;
}

}  // namespace msfusion
