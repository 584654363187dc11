// How much rounds with noise tell about one user: Renyi differential privacy of the sampled Gaussian mechanism
// (Mironov, Talwar, Zhang 2019), by whole orders.
#pragma once

#include <vector>

namespace msfusion {

class Accountant {
 public:
  /// In each round every user takes part with probability `rate` in (0, 1]; the sum of what they add, each at most of
  /// length 1, gets Gaussian noise of deviation `noise` > 0.
  Accountant(double rate, double noise);

  /// The guarantee of so many rounds is (epsilon, delta). By the conversion of Balle et al. 2020.
  double epsilon(int rounds, double delta) const;

  /// 2 to 64, 128 and 256.
  static const std::vector<int>& orders();

  /// The Renyi divergence of one round, by order.
  const std::vector<double>& divergences() const { return divergences_; }

 private:
  std::vector<double> divergences_;
};

}  // namespace msfusion
