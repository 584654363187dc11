// Differential privacy of the users: what devices send is no longer than the clip, and the mean of it has noise.
#pragma once

#include <ATen/ATen.h>

#include <boost/random/mersenne_twister.hpp>
#include <vector>

#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/state_file.hpp"
#include "sim/learn/training/training_job.hpp"

namespace msfusion {

class PrivateMean {
 public:
  explicit PrivateMean(const RunContext& run);  ///< which must outlive it

  bool applies() const { return run_.setup.method.privacy.clip.has_value(); }

  /// Shortens an update to the clip: its device does so, and the server again where decoding may have made it longer.
  /// Returns whether it was longer.
  bool shorten(Trained& trained) const;

  /// The server's new mean, as one whole model in place of the arrivals: with m the devices that the round asks,
  ///
  ///     w + (sum of updates + noise) / m
  ///
  /// On slices the sum has zeros where an update has no elements, so that its length is bounded by the clip all the
  /// same; an element is divided by m times the share of the round's devices whose slices have it, and one that no
  /// slice has gets no noise. The clip moves afterwards, where it does.
  Trained mean(const RoundPlan& plan, const std::vector<const Trained*>& arrivals, const at::Tensor& current);

  /// Of the last mean().
  PrivacyFigures figures() const { return figures_; }
  void begin_round() { figures_ = {}; }

  void save(StateWriter& out) const { out.real(clip_); }
  void restore(StateReader& in) { clip_ = in.real(); }

 private:
  using Random = boost::random::mt19937_64;

  std::vector<double> divisors(const RoundPlan& plan) const;
  void add_noise(std::vector<double>& sum, const std::vector<double>& divisors, double deviation, Random& random) const;
  void move_clip(const RoundPlan& plan, const std::vector<const Trained*>& arrivals, double on_share, Random& random);

  const RunContext& run_;
  double clip_;
  PrivacyFigures figures_;
};

}  // namespace msfusion
