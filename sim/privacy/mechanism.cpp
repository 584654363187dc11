#include "sim/privacy/mechanism.hpp"

#include <cmath>

namespace msfusion {

namespace {

constexpr double kShareDeviation = 1.0 / 20;  // sigma_b / m

double noise_cohort(const PrivacyOptions& options, int cohort) {
  return options.noise_cohort ? static_cast<double>(*options.noise_cohort) : cohort;
}

}  // namespace

double most_noise(const PrivacyOptions& options, int cohort) {
  return 2 * kShareDeviation * noise_cohort(options, cohort);
}

Mechanism mechanism_of(const PrivacyOptions& options, int cohort) {
  Mechanism mechanism;
  if (!(options.noise > 0)) return mechanism;
  double noise = options.noise;
  if (options.clip_quantile) {
    // What is left of the noise when counts of +-1/2, with noise of sigma_b, are told beside the sum.
    const double count = most_noise(options, cohort);
    noise = 1 / std::sqrt(1 / (noise * noise) - 1 / (count * count));
    mechanism.on_share = kShareDeviation;
  }
  mechanism.on_sum = noise * cohort / noise_cohort(options, cohort);
  return mechanism;
}

double sampling_rate(const PrivacyOptions& options, int cohort, int devices) {
  if (options.noise_cohort)
    return static_cast<double>(*options.noise_cohort) / static_cast<double>(options.population.value());
  return static_cast<double>(cohort) / devices;
}

double moved_clip(const PrivacyOptions& options, double clip, double below) {
  return clip * std::exp(-options.clip_rate * (below - options.clip_quantile.value()));
}

}  // namespace msfusion
