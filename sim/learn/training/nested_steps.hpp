// Ordered dropout: the widths that a device's steps draw, and the parameters of each.
#pragma once

#include <ATen/ATen.h>

#include <boost/random/mersenne_twister.hpp>
#include <cstdint>
#include <vector>

#include "sim/plan/round_plan.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

class NestedSteps {
 public:
  /// `shape` must outlive it. The task's slice holds the first units of every axis.
  NestedSteps(const Shape& shape, const std::vector<double>& widths, const WidthSlice& slice, std::uint64_t seed);

  /// Draws the width of a step, each with the same chance.
  void draw();

  bool drew_all() const { return drawn_ + 1 == slices_.size(); }  ///< the device's whole sub-model

  /// Of the drawn width, on the graph of the device's own. They are in memory of their own: kernels want rows without
  /// gaps, and a step then has the bits of one that trains the narrow sub-model alone.
  std::vector<at::Tensor> narrowed(const std::vector<at::Tensor>& parameters) const;

 private:
  const Shape& shape_;
  std::vector<WidthSlice> slices_;  // ascending; the last is the device's own
  std::size_t drawn_ = 0;
  boost::random::mt19937_64 random_;
};

/// The cross-entropy of the predictions with what the whole sub-model predicts, which is no part of the graph.
at::Tensor self_distillation_loss(const at::Tensor& logits, const at::Tensor& teacher);

}  // namespace msfusion
