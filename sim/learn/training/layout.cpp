#include "sim/learn/training/layout.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kAlignedFloats = 16;

TensorSlot slot_at(std::int64_t offset, std::vector<std::int64_t> sizes) {
  TensorSlot slot{offset, 1, std::move(sizes), {}};
  for (const auto size : slot.sizes) slot.count *= size;
  if (slot.sizes.size() == 4) {
    const auto in = slot.sizes[1], kh = slot.sizes[2], kw = slot.sizes[3];
    slot.strides = {in * kh * kw, 1, kw * in, in};
    return slot;
  }
  slot.strides.assign(slot.sizes.size(), 1);
  for (std::size_t d = slot.sizes.size(); d-- > 1;) slot.strides[d - 1] = slot.strides[d] * slot.sizes[d];
  return slot;
}

}  // namespace

ParameterLayout::ParameterLayout(const Shape& shape, const WidthSlice& slice) {
  slots_.resize(shape.tensors.size());
  for (const bool trained : {true, false}) {
    for (std::size_t t = 0; t < shape.tensors.size(); ++t) {
      if (shape.tensors[t].is_trained != trained) continue;
      std::vector<std::int64_t> sizes;
      for (const auto& dim : shape.tensors[t].dims) sizes.push_back(sliced_size(dim, slice));
      slots_[t] = slot_at(size_, std::move(sizes));
      size_ += (slots_[t].count + kAlignedFloats - 1) / kAlignedFloats * kAlignedFloats;
    }
    if (trained) trained_size_ = size_;
  }
}

at::Tensor ParameterLayout::view(const at::Tensor& flat, int tensor) const {
  const TensorSlot& place = slot(tensor);
  return flat.as_strided(place.sizes, place.strides, flat.storage_offset() + place.offset);
}

std::vector<at::Tensor> ParameterLayout::views(const at::Tensor& flat) const {
  std::vector<at::Tensor> result;
  result.reserve(slots_.size());
  for (int i = 0; i < tensors(); ++i) result.push_back(view(flat, i));
  return result;
}

at::Tensor ParameterLayout::grouped_view(const at::Tensor& flat, int tensor, std::int64_t models) const {
  const auto with_front = [](std::int64_t front, const std::vector<std::int64_t>& rest) {
    std::vector<std::int64_t> all = {front};
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
  };
  const TensorSlot& place = slot(tensor);
  return flat.as_strided(with_front(models, place.sizes), with_front(flat.stride(0), place.strides),
                         flat.storage_offset() + place.offset);
}

std::vector<at::Tensor> ParameterLayout::grouped_views(const at::Tensor& flat, std::int64_t models) const {
  std::vector<at::Tensor> result;
  for (int i = 0; i < tensors(); ++i) result.push_back(grouped_view(flat, i, models));
  return result;
}

}  // namespace msfusion
