// Element-wise weighted means over sub-models that overlap.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "sim/learn/merge.hpp"
#include "sim/learn/slice_map.hpp"

namespace msfusion {

/// Sums in double: the mean of equal values is exactly that value, whatever the weights.
class OverlapSum {
 public:
  explicit OverlapSum(const ParameterLayout& full)
      : full_(full), sum_(at::zeros({full.size()}, at::kDouble)), weight_(at::zeros({full.size()}, at::kDouble)) {}

  void add(const SliceMap& map, const at::Tensor& part, double weight);

  /// The last layer's rows of the classes that the device lacks are left out.
  void add_masked(const SliceMap& map, const at::Tensor& part, double weight, const std::vector<int>& classifier,
                  const std::vector<bool>& classes);

  bool covers(std::int64_t element) const { return weight_.data_ptr<double>()[element] > 0; }

  /// In double; elements that nobody holds are those of `otherwise`.
  at::Tensor mean(const at::Tensor& otherwise) const;

 private:
  const ParameterLayout& full_;
  at::Tensor sum_, weight_;
};

/// The tensors of the last layer: [classes, ...] each.
const std::vector<int>& classifier_tensors(const Shape& shape);

/// Whole models only: in double.
struct Weighted {
  at::Tensor values;
  double weight = 0;
};
at::Tensor weighted_mean(const std::vector<Weighted>& models);

/// Device's samples, or 1, by the choice.
double merge_weight(const MergeChoice& choice, const Trained& trained);

/// Adds what a device trained, with its weight; where the objective masks absent classes, without their classifier
/// rows.
void add_trained(const MergeContext& context, OverlapSum& sum, const SliceMap& map, const Trained& trained);

/// The mean of what arrived, in double; elements that nobody holds keep their value of `current`.
at::Tensor mean_of_arrivals(const MergeContext& context, const Arrivals& arrivals, const at::Tensor& current);

/// All of the device's full-size values after training: the trained slice, the rest from `before`.
at::Tensor with_trained(const MergeContext& context, const at::Tensor& before, const Trained& trained);

}  // namespace msfusion
