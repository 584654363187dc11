#include "sim/plan/split_rules.hpp"

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cmath>
#include <numeric>

#include "sim/shape/exits.hpp"

namespace msfusion {

namespace {

int wrapped(std::int64_t start, int size) {
  const std::int64_t rest = start % size;
  return static_cast<int>(rest < 0 ? rest + size : rest);
}

template <class Start>
WidthSlice windows(const Shape& shape, double rate, double depth, Start start) {
  WidthSlice slice;
  slice.axes.reserve(shape.axes.size());
  for (std::size_t axis = 0; axis < shape.axes.size(); ++axis) {
    const int units = shape.axes[axis].units;
    if (shape.axes[axis].is_depth && !shape.stages.empty()) {
      slice.axes.push_back(first_stages(shape, sliced_units(depth, static_cast<int>(shape.stages.size()))));
      continue;
    }
    const int kept = sliced_units(shape.axes[axis].is_depth ? depth : rate, units);
    slice.axes.push_back(IndexSet::window(wrapped(start(axis, units), units), kept, units));
  }
  return slice;
}

}  // namespace

WidthSlice fixed_slice(const Shape& shape, double rate, double depth) {
  return windows(shape, rate, depth, [](std::size_t, int) { return std::int64_t{0}; });
}

WidthSlice rolling_slice(const Shape& shape, double rate, int round, int step, double depth) {
  return windows(shape, rate, depth, [&](std::size_t, int) { return static_cast<std::int64_t>(step) * round; });
}

WidthSlice random_slice(const Shape& shape, double rate, std::uint64_t seed) {
  boost::random::mt19937_64 random(seed);
  WidthSlice slice;
  for (const Axis& axis : shape.axes) {
    std::vector<int> units(static_cast<std::size_t>(axis.units));
    std::iota(units.begin(), units.end(), 0);
    const int kept = sliced_units(rate, axis.units);
    for (int i = 0; i < kept; ++i)
      std::swap(
          units[static_cast<std::size_t>(i)],
          units[static_cast<std::size_t>(boost::random::uniform_int_distribution<int>(i, axis.units - 1)(random))]);
    units.resize(static_cast<std::size_t>(kept));
    std::sort(units.begin(), units.end());
    slice.axes.push_back(IndexSet::subset(std::move(units), axis.units));
  }
  return slice;
}

WidthSlice double_shift_slice(const Shape& shape, const DoubleShift& rule, int round, const std::vector<double>& rates,
                              std::size_t position, double depth) {
  const double before = std::accumulate(rates.begin(), rates.begin() + static_cast<std::ptrdiff_t>(position), 0.0);
  const double share = before / std::accumulate(rates.begin(), rates.end(), 0.0);
  return windows(shape, rates[position], depth, [&](std::size_t axis, int units) {
    const std::int64_t stride = rule.decorrelated ? 1 + static_cast<std::int64_t>(axis) : 1;
    // The tolerance keeps a gap that is a whole number whole (0.3 / 1 * 10 is 2.9999999999999996 in binary).
    const auto gap = static_cast<std::int64_t>(std::floor(rule.control * units * share + 1e-9));
    return static_cast<std::int64_t>(round) * rule.zeta * stride + gap;
  });
}

namespace {

WidthSlice cut_nothing(const SplitRequest& request) {
  return full_slice(request.shape);
}

}  // namespace

// value, name, meaning; then: partial, narrows, shifts, slice
const std::array<SplitRuleRow, 6> kSplitRules{{
    {{SplitRule::full, "full", "the whole model"}, false, false, false, cut_nothing},
    {{SplitRule::narrow, "narrow", "the whole of a narrower model that fits every device"},
     false,
     true,
     false,
     cut_nothing},
    {{SplitRule::fixed, "fixed", "the first units of every layer: nested sub-models (HeteroFL)"},
     true,
     false,
     false,
     [](const SplitRequest& request) {
       return fixed_slice(request.shape, request.rates[request.position], request.depth);
     }},
    {{SplitRule::rolling, "rolling", "a window that moves by one unit a round, the same for equal rates (FedRolex)"},
     true,
     false,
     false,
     [](const SplitRequest& request) {
       return rolling_slice(request.shape, request.rates[request.position], request.round, request.rolling_step,
                            request.depth);
     }},
    {{SplitRule::random, "random", "random units, drawn anew per device and round (Federated Dropout)"},
     true,
     false,
     false,
     [](const SplitRequest& request) {
       return random_slice(request.shape, request.rates[request.position], request.seed);
     }},
    {{SplitRule::double_shift, "double-shift", "windows that shift between devices and between rounds (MSfusion)"},
     true,
     false,
     true,
     [](const SplitRequest& request) {
       return double_shift_slice(request.shape, request.shift, request.round, request.rates, request.position,
                                 request.depth);
     }},
}};

}  // namespace msfusion
