// Split rules: which slice of the model a device trains, as a function of round, device and rate.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/base/choice.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

// Every rule cuts the axis of blocks, where the shape has one, as it cuts widths, at the rate `depth`; of a model with
// exits all take the first stages.

/// W(0, m) on every axis: nested sub-models (HeteroFL, arXiv 2010.01264).
WidthSlice fixed_slice(const Shape& shape, double rate, double depth = 1);

/// W(step * round, m) on every axis, step +1 or -1 (FedRolex, arXiv 2212.01548).
WidthSlice rolling_slice(const Shape& shape, double rate, int round, int step, double depth = 1);

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
                              std::size_t position, double depth = 1);

enum class SplitRule { full, narrow, fixed, rolling, random, double_shift };

/// All that a rule may look at when it cuts the slice of one participant.
struct SplitRequest {
  const Shape& shape;
  int round;
  const std::vector<double>& rates;  ///< of the round's participants
  std::size_t position;              ///< of the device among them
  int rolling_step;                  ///< +1 or -1
  DoubleShift shift;
  std::uint64_t seed;  ///< the device's for the round
  double depth = 1;    ///< of the device
};

struct SplitRuleRow : Choice<SplitRule> {
  bool partial;  ///< devices train slices of the model at rates of their own
  bool narrows;  ///< the model itself is made narrower before the run
  bool shifts;   ///< windows follow the double shift's options and overlap schedule
  WidthSlice (*slice)(const SplitRequest&);
};

extern const std::array<SplitRuleRow, 6> kSplitRules;

}  // namespace msfusion
