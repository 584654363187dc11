#include "sim/privacy/accountant.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace msfusion {

namespace {

double log_binomial(int n, int k) {
  return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
}

// ln sum_i C(order, i) (1 - q)^(order - i) q^i exp((i^2 - i) / (2 z^2)), divided by order - 1.
double divergence(int order, double rate, double noise) {
  const double a = order, variance = noise * noise;
  if (rate == 1) return a / (2 * variance);
  std::vector<double> logs;
  for (int i = 0; i <= order; ++i) {
    const double k = i;
    logs.push_back(log_binomial(order, i) + (a - k) * std::log1p(-rate) + k * std::log(rate) +
                   (k * k - k) / (2 * variance));
  }
  const double largest = *std::max_element(logs.begin(), logs.end());
  double sum = 0;
  for (const double one : logs) sum += std::exp(one - largest);
  return (largest + std::log(sum)) / (a - 1);
}

}  // namespace

const std::vector<int>& Accountant::orders() {
  static const std::vector<int> all = [] {
    constexpr int kLastOfAll = 64;
    std::vector<int> orders;
    for (int order = 2; order <= kLastOfAll; ++order) orders.push_back(order);
    orders.insert(orders.end(), {128, 256});
    return orders;
  }();
  return all;
}

Accountant::Accountant(double rate, double noise) {
  for (const int order : orders()) divergences_.push_back(divergence(order, rate, noise));
}

double Accountant::epsilon(int rounds, double delta) const {
  if (rounds == 0) return 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < divergences_.size(); ++i) {
    const double order = orders()[i];
    least = std::min(
        least, rounds * divergences_[i] + std::log1p(-1 / order) - (std::log(delta) + std::log(order)) / (order - 1));
  }
  return std::max(least, 0.0);
}

}  // namespace msfusion
