// Where the slices of the sub-models lie: every split rule of the field as a function of round, device and rate.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// W(0, m) on every axis: nested sub-models (HeteroFL, arXiv 2010.01264).
WidthSlice fixed_slice(const Shape& shape, double rate);

/// W(step * round, m) on every axis, step +1 or -1 (FedRolex, arXiv 2212.01548).
WidthSlice rolling_slice(const Shape& shape, double rate, int round, int step);

/// A fresh uniformly random subset per axis, in ascending order (Federated Dropout, arXiv 1812.07210). `seed` is the
/// device's for the round. Axes joined by a residual sum are one axis here and so share their subset.
WidthSlice random_slice(const Shape& shape, double rate, std::uint64_t seed);

/// The double shifting split (MSfusion, arXiv 2407.03622): on an axis of K units, device n's window starts at
/// (round * zeta * stride + floor(control * K * share_n)) mod K, where share_n = sum_{m<n} rate_m / sum_m rate_m.
struct DoubleShift {
  int zeta = 1;        ///< shift between rounds, in units
  double control = 1;  ///< c(t) in (0, 1]: 1 spreads the windows evenly, smaller lets neighbours overlap more
  bool decorrelated =
      false;  ///< stride 1 + axis number instead of 1 on every axis, so that two axes' windows drift apart
};
WidthSlice double_shift_slice(const Shape& shape, const DoubleShift& rule, int round, const std::vector<double>& rates,
                              std::size_t position);

}  // namespace msfusion
