#include "sim/learn/merging/overlap.hpp"

#include <algorithm>
#include <array>

namespace msfusion {

void OverlapSum::add(const SliceMap& map, const at::Tensor& part, double weight) {
  const float* values = part.data_ptr<float>();
  double* sum = sum_.data_ptr<double>();
  double* total = weight_.data_ptr<double>();
  map.for_each_run([&](int, const Run& run) {
    for (std::int64_t i = 0; i < run.length; ++i) {
      sum[run.full + i] += weight * static_cast<double>(values[run.part + i]);
      total[run.full + i] += weight;
    }
  });
}

void OverlapSum::add_masked(const SliceMap& map, const at::Tensor& part, double weight,
                            const std::vector<int>& classifier, const std::vector<bool>& classes) {
  const float* values = part.data_ptr<float>();
  double* sum = sum_.data_ptr<double>();
  double* total = weight_.data_ptr<double>();
  map.for_each_run([&](int tensor, const Run& run) {
    const bool masked = std::find(classifier.begin(), classifier.end(), tensor) != classifier.end();
    const TensorSlot& slot = full_.slot(tensor);
    for (std::int64_t i = 0; i < run.length; ++i) {
      if (masked && !classes[static_cast<std::size_t>((run.full + i - slot.offset) / slot.strides[0])]) continue;
      sum[run.full + i] += weight * static_cast<double>(values[run.part + i]);
      total[run.full + i] += weight;
    }
  });
}

at::Tensor OverlapSum::mean(const at::Tensor& fallback) const {
  at::Tensor result = at::empty_like(sum_);
  const double* sum = sum_.data_ptr<double>();
  const double* total = weight_.data_ptr<double>();
  const float* old = fallback.data_ptr<float>();
  double* out = result.data_ptr<double>();
  for (std::int64_t i = 0; i < full_.size(); ++i)
    out[i] = total[i] > 0 ? sum[i] / total[i] : static_cast<double>(old[i]);
  return result;
}

const std::vector<int>& classifier_tensors(const Shape& shape) {
  return shape.layers.back().tensors;
}

at::Tensor weighted_mean(const std::vector<Weighted>& models) {
  constexpr std::int64_t kBlock = 4096;  // the sums stay in the first-level cache
  const std::int64_t size = models.front().values.numel();
  double total = 0;
  for (const auto& model : models) total += model.weight;
  at::Tensor result = at::empty({size}, at::kDouble);
  double* out = result.data_ptr<double>();
  for (std::int64_t begin = 0; begin < size; begin += kBlock) {
    const std::int64_t count = std::min(kBlock, size - begin);
    std::array<double, kBlock> sum{};
    for (const auto& model : models) {
      const float* values = model.values.data_ptr<float>() + begin;
      for (std::int64_t i = 0; i < count; ++i)
        sum[static_cast<std::size_t>(i)] += model.weight * static_cast<double>(values[i]);
    }
    for (std::int64_t i = 0; i < count; ++i) out[begin + i] = sum[static_cast<std::size_t>(i)] / total;
  }
  return result;
}

double merge_weight(const MergeChoice& choice, const Trained& trained) {
  return choice.weights == MergeChoice::Weights::samples ? static_cast<double>(trained.samples) : 1.0;
}

void add_trained(const MergeContext& context, OverlapSum& sum, const SliceMap& map, const Trained& trained) {
  const double weight = merge_weight(context.method.merge, trained);
  if (facts_of(context.method.objective.kind).masks_absent_classes)
    sum.add_masked(map, trained.values, weight, classifier_tensors(context.shape), trained.classes);
  else
    sum.add(map, trained.values, weight);
}

at::Tensor mean_of_arrivals(const MergeContext& context, const Arrivals& arrivals, const at::Tensor& current) {
  const WidthSlice whole = full_slice(context.shape);
  const bool all_whole = std::all_of(arrivals.tasks.begin(), arrivals.tasks.end(),
                                     [&](const Trained* trained) { return trained->slice == whole; });
  if (all_whole) {
    std::vector<Weighted> models;
    for (const Trained* trained : arrivals.tasks)
      models.push_back({trained->values, merge_weight(context.method.merge, *trained)});
    return weighted_mean(models);
  }
  OverlapSum sum(context.full);
  for (const Trained* trained : arrivals.tasks)
    sum.add(SliceMap(context.shape, context.full, trained->slice), trained->values,
            merge_weight(context.method.merge, *trained));
  return sum.mean(current);
}

at::Tensor with_trained(const MergeContext& context, const at::Tensor& before, const Trained& trained) {
  if (trained.slice == full_slice(context.shape)) return trained.values;
  at::Tensor after = before.clone();
  scatter(SliceMap(context.shape, context.full, trained.slice), trained.values, after);
  return after;
}

}  // namespace msfusion
