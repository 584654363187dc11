#include "sim/calibrate/network.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace msfusion {

namespace {
/// What passes at the link's rate, if all of the rate were payload.
double line_seconds(const ProbedTransfer& transfer) {
  return std::max(0.0, static_cast<double>(transfer.bytes) - transfer.burst_bytes) * 8 / transfer.bits_per_second;
}
}  // namespace

double predicted_seconds(const ProbedTransfer& transfer, const NetworkFit& fit) {
  return fit.latency_seconds + line_seconds(transfer) / fit.bandwidth_factor;
}

NetworkFit fit_network(const std::vector<ProbedTransfer>& transfers) {
  if (transfers.size() < 2) throw std::logic_error("a line has two unknowns");
  // latency / t + (1 / factor) (bits / rate) / t = 1 for every transfer.
  double aa = 0, ab = 0, bb = 0, a1 = 0, b1 = 0;
  for (const ProbedTransfer& transfer : transfers) {
    const double a = 1 / transfer.seconds;
    const double b = line_seconds(transfer) / transfer.seconds;
    aa += a * a;
    ab += a * b;
    bb += b * b;
    a1 += a;
    b1 += b;
  }
  const double determinant = aa * bb - ab * ab;
  NetworkFit fit;
  fit.latency_seconds = std::max(0.0, (a1 * bb - b1 * ab) / determinant);
  fit.bandwidth_factor = bb / (b1 - fit.latency_seconds * ab);
  std::vector<double> errors;
  for (const ProbedTransfer& transfer : transfers)
    errors.push_back(std::abs(predicted_seconds(transfer, fit) - transfer.seconds) / transfer.seconds);
  std::sort(errors.begin(), errors.end());
  fit.median_error = errors[errors.size() / 2];
  fit.worst_error = errors.back();
  return fit;
}

}  // namespace msfusion
