#include "sim/learn/training/slice_map.hpp"

#include <algorithm>
#include <cstring>

namespace msfusion {

namespace {

// Dimensions in the order of memory, outermost first.
std::vector<const Dim*> in_memory_order(const ParameterTensor& tensor) {
  std::vector<const Dim*> dims;
  if (tensor.dims.size() == 4) {
    for (const std::size_t d : {0u, 2u, 3u, 1u}) dims.push_back(&tensor.dims[d]);
  } else {
    for (const Dim& dim : tensor.dims) dims.push_back(&dim);
  }
  return dims;
}

std::vector<Run> runs_along(const Dim& dim, const WidthSlice& slice, std::int64_t stride) {
  std::vector<Run> runs;
  for (const std::int64_t index : sliced_indices(dim, slice)) {
    if (!runs.empty() && runs.back().full + runs.back().length == index * stride)
      runs.back().length += stride;
    else
      runs.push_back({index * stride, 0, stride});
  }
  return runs;
}

}  // namespace

SliceMap::TensorRuns SliceMap::runs_of(const ParameterTensor& tensor, std::int64_t full_offset,
                                       std::int64_t part_offset, const WidthSlice& slice) {
  const std::vector<const Dim*> dims = in_memory_order(tensor);
  TensorRuns result{part_offset, {full_offset}, {{0, 0, 1}}};
  std::size_t split = dims.size();  // dims[split..] are whole: runs along dims[split - 1] consist of whole rows
  std::int64_t stride = 1;
  while (split > 0) {
    --split;
    result.inner = runs_along(*dims[split], slice, stride);
    stride *= dims[split]->size;
    if (result.inner.size() != 1 || result.inner.front().length != stride) break;
  }
  // The dimensions left, from the inside out: every index repeats the offsets so far.
  std::vector<std::int64_t> offsets = {0};
  for (std::size_t d = split; d-- > 0;) {
    std::vector<std::int64_t> wider;
    const auto indices = sliced_indices(*dims[d], slice);
    wider.reserve(indices.size() * offsets.size());
    for (const std::int64_t index : indices)
      for (const std::int64_t offset : offsets) wider.push_back(index * stride + offset);
    offsets = std::move(wider);
    stride *= dims[d]->size;
  }
  for (auto& offset : offsets) offset += full_offset;
  result.outer = std::move(offsets);
  return result;
}

SliceMap::SliceMap(const Shape& shape, const ParameterLayout& full, const WidthSlice& slice) : part_(shape, slice) {
  tensors_.reserve(shape.tensors.size());
  for (int t = 0; t < full.tensors(); ++t)
    tensors_.push_back(
        runs_of(shape.tensors[static_cast<std::size_t>(t)], full.slot(t).offset, part_.slot(t).offset, slice));
}

bool SliceMap::is_whole() const {
  return std::all_of(tensors_.begin(), tensors_.end(), [](const TensorRuns& runs) {
    return runs.outer.size() == 1 && runs.inner.size() == 1 && runs.outer[0] + runs.inner[0].full == runs.part;
  });
}

at::Tensor gather(const SliceMap& map, const at::Tensor& full) {
  if (map.is_whole() && map.part_size() == full.numel()) return full;
  at::Tensor part = at::zeros({map.part_size()}, full.options());
  const float* from = full.data_ptr<float>();
  float* to = part.data_ptr<float>();
  map.for_each_run([&](int, const Run& run) {
    std::memcpy(to + run.part, from + run.full, static_cast<std::size_t>(run.length) * sizeof(float));
  });
  return part;
}

void scatter(const SliceMap& map, const at::Tensor& part, at::Tensor& full) {
  const float* from = part.data_ptr<float>();
  float* to = full.data_ptr<float>();
  map.for_each_run([&](int, const Run& run) {
    std::memcpy(to + run.full, from + run.part, static_cast<std::size_t>(run.length) * sizeof(float));
  });
}

}  // namespace msfusion
