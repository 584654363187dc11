#include "sim/learn/training/objectives/exit_losses.hpp"

#include <algorithm>
#include <cmath>

namespace msfusion {

double consistency_ramp(int round, int ramp_rounds) {
  const double rest = 1 - static_cast<double>(std::min(round, ramp_rounds)) / ramp_rounds;
  return std::exp(-5 * rest * rest);
}

at::Tensor logit_rows(const at::Tensor& logits) {
  return logits.dim() == 2 ? logits : logits.flatten(0, -2);
}

at::Tensor mean_divergence(const at::Tensor& teacher, const at::Tensor& log_probabilities) {
  return at::kl_div(log_probabilities, teacher, at::Reduction::Sum) / log_probabilities.size(0);
}

}  // namespace msfusion
