#include "sim/calibrate/network.hpp"

#include <algorithm>
#include <cmath>
#include <nlopt.hpp>
#include <stdexcept>

#include "sim/base/median.hpp"
#include "sim/base/quantile.hpp"

namespace msfusion {

namespace {

const std::vector<double> kBitsPerSecond = {1e6, 10e6, 100e6};
constexpr double kLongestSeconds = 5;  // of a message: larger ones are left out
const std::vector<std::int64_t> kFittedBytes = {1'000, 10'000, 100'000, 1'000'000};
const std::vector<std::int64_t> kHeldOutBytes = {3'000, 30'000, 300'000, 3'000'000};

std::vector<ProbedTransfer> probe(double bits_per_second, std::vector<std::int64_t> sizes) {
  sizes.erase(std::remove_if(sizes.begin(), sizes.end(),
                             [&](std::int64_t bytes) {
                               return static_cast<double>(bytes) * 8 / bits_per_second > kLongestSeconds;
                             }),
              sizes.end());
  return probe_link(bits_per_second, sizes);
}

// {logarithm of the latency, bandwidth factor, message bytes}
NetworkFit fit_of(const std::vector<double>& unknowns) {
  return {unknowns[1], std::exp(unknowns[0]), unknowns[2]};
}

double badness(const std::vector<double>& unknowns, std::vector<double>&, void* data) {
  const NetworkFit fit = fit_of(unknowns);
  double sum = 0;
  for (const ProbedTransfer& transfer : *static_cast<const std::vector<ProbedTransfer>*>(data))
    sum += std::abs(std::log(predicted_seconds(transfer, fit) / transfer.seconds));
  return sum;
}

}  // namespace

NetworkMeasurement measure_network(const std::function<void(double bits_per_second)>& on_rate) {
  NetworkMeasurement measured;
  for (const double rate : kBitsPerSecond) {
    on_rate(rate);
    for (const ProbedTransfer& transfer : probe(rate, kFittedBytes)) measured.fitted.push_back(transfer);
    for (const ProbedTransfer& transfer : probe(rate, kHeldOutBytes)) measured.held_out.push_back(transfer);
  }
  return measured;
}

double predicted_seconds(const ProbedTransfer& transfer, const NetworkFit& fit) {
  const auto payload = static_cast<double>(transfer.bytes);
  const double wire_bytes =
      fit.framing ? fit.framing->sent_bytes(payload) : payload / fit.bandwidth_factor + fit.message_bytes;
  return fit.latency_seconds + std::max(0.0, wire_bytes - transfer.burst_bytes) * 8 / transfer.bits_per_second;
}

NetworkFit fit_framed_network(const std::vector<ProbedTransfer>& transfers, const Framing& framing) {
  if (transfers.empty()) throw std::logic_error("a message's latency is unknown without transfers");
  NetworkFit fit;
  fit.framing = framing;
  std::vector<double> left;
  for (const ProbedTransfer& transfer : transfers) left.push_back(transfer.seconds - predicted_seconds(transfer, fit));
  fit.latency_seconds = std::max(0.0, median(left));
  return fit;
}

NetworkError error_of(const std::vector<ProbedTransfer>& transfers, const NetworkFit& fit) {
  if (transfers.empty()) throw std::logic_error("no transfers to judge a fit by");
  NetworkError error;
  error.transfers = static_cast<int>(transfers.size());
  std::vector<double> errors;
  for (const ProbedTransfer& transfer : transfers) {
    errors.push_back(std::abs(predicted_seconds(transfer, fit) - transfer.seconds) / transfer.seconds);
    if (errors.back() > error.worst) {
      error.worst = errors.back();
      error.worst_transfer = errors.size() - 1;
    }
  }
  error.median = median(errors);
  return error;
}

double spread_of(const std::vector<ProbedTransfer>& transfers, const NetworkFit& fit) {
  std::vector<double> logarithms;
  for (const ProbedTransfer& transfer : transfers)
    logarithms.push_back(std::log(predicted_seconds(transfer, fit) / transfer.seconds));
  return root_mean_square(logarithms);
}

NetworkFit fit_network(const std::vector<ProbedTransfer>& transfers) {
  if (transfers.size() < 3) throw std::logic_error("a link has three unknowns");
  auto& data = const_cast<std::vector<ProbedTransfer>&>(transfers);
  std::vector<double> best = {std::log(1e-4), 0.95, 50};
  double value = 0;
  // A simplex stops at kinks: what is let through at once, and the absolute value.
  for (int attempt = 0; attempt < 8; ++attempt) {
    nlopt::opt search(attempt % 2 == 0 ? nlopt::LN_SBPLX : nlopt::LN_NELDERMEAD, static_cast<unsigned>(best.size()));
    search.set_min_objective(badness, &data);
    search.set_lower_bounds({std::log(1e-7), 0.5, 0});
    search.set_upper_bounds({std::log(1e-1), 1, 1500});
    search.set_initial_step({0.5, 0.01, 20});
    search.set_xtol_rel(1e-9);
    search.set_maxeval(20000);
    search.optimize(best, value);
  }
  return fit_of(best);
}

}  // namespace msfusion
