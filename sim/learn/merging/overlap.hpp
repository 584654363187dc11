// Element-wise weighted means over sub-models that overlap.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "sim/learn/merging/merge.hpp"
#include "sim/learn/training/slice_map.hpp"

namespace msfusion {

/// Sums in double: the mean of equal values is exactly that value, whatever the weights.
class OverlapSum {
 public:
  explicit OverlapSum(const ParameterLayout& full)
      : full_(full), sum_(at::zeros({full.size()}, at::kDouble)), weight_(at::zeros({full.size()}, at::kDouble)) {}

  void add(const SliceMap& map, const at::Tensor& part, double weight);

  /// Leaves out the classifier rows of classes that the device lacks.
  void add_masked(const SliceMap& map, const at::Tensor& part, double weight, const std::vector<int>& classifier,
                  const std::vector<bool>& classes);

  bool covers(std::int64_t element) const { return weight(element) > 0; }

  /// The sum of the weights of those that trained the element.
  double weight(std::int64_t element) const { return weight_.data_ptr<double>()[element]; }

  /// In double; elements that no part covers come from `fallback`.
  at::Tensor mean(const at::Tensor& fallback) const;

 private:
  const ParameterLayout& full_;
  at::Tensor sum_, weight_;
};

/// The tensors of the last layer: [classes, ...] each.
const std::vector<int>& classifier_tensors(const Shape& shape);

/// For whole models; weighted_mean() is in double.
struct Weighted {
  at::Tensor values;
  double weight = 0;
};
at::Tensor weighted_mean(const std::vector<Weighted>& models);

/// The number of the device's samples, or 1, as the method chooses.
double merge_weight(const MergeChoice& choice, const Trained& trained);

/// Adds a device's sub-model with its weight, without the classifier rows of absent classes where the objective masks
/// them.
void add_trained(const MergeContext& context, OverlapSum& sum, const SliceMap& map, const Trained& trained);

/// The weighted mean of the arrivals, in double; elements that none of them covers keep their value in `current`.
at::Tensor mean_of_arrivals(const MergeContext& context, const Arrivals& arrivals, const at::Tensor& current);

/// `before` with the trained slice in its place.
at::Tensor with_trained(const MergeContext& context, const at::Tensor& before, const Trained& trained);

}  // namespace msfusion
