#include "sim/learn/training/nested_steps.hpp"

#include <boost/random/uniform_int_distribution.hpp>

#include "sim/shape/nested_slices.hpp"

namespace msfusion {

namespace {

// The elements of one dimension of a slice that a narrower slice has as well.
at::Tensor narrowed_along(const at::Tensor& tensor, int d, const Dim& dim, const WidthSlice& from,
                          const WidthSlice& to) {
  if (dim.axis == kFixed) return tensor;
  const std::int64_t held = from.axes[static_cast<std::size_t>(dim.axis)].length(),
                     kept = to.axes[static_cast<std::size_t>(dim.axis)].length();
  if (held == kept) return tensor;
  if (dim.outer == 1) return tensor.narrow(d, 0, kept * dim.inner);
  const at::Tensor places = at::arange(dim.outer * held * dim.inner, at::kLong)
                                .view({dim.outer, held, dim.inner})
                                .narrow(1, 0, kept)
                                .flatten();
  return tensor.index_select(d, places.to(tensor.device()));
}

}  // namespace

NestedSteps::NestedSteps(const Shape& shape, const std::vector<double>& widths, const WidthSlice& slice,
                         std::uint64_t seed)
    : shape_(shape), slices_(nested_slices(shape, widths, slice)), random_(seed) {}

void NestedSteps::draw() {
  drawn_ = boost::random::uniform_int_distribution<std::size_t>(0, slices_.size() - 1)(random_);
}

std::vector<at::Tensor> NestedSteps::narrowed(const std::vector<at::Tensor>& parameters) const {
  if (drew_all()) return parameters;
  std::vector<at::Tensor> all;
  for (std::size_t t = 0; t < parameters.size(); ++t) {
    at::Tensor tensor = parameters[t];
    for (std::size_t d = 0; d < shape_.tensors[t].dims.size(); ++d)
      tensor = narrowed_along(tensor, static_cast<int>(d), shape_.tensors[t].dims[d], slices_.back(), slices_[drawn_]);
    all.push_back(tensor.is_same(parameters[t]) ? tensor
                                                : tensor.contiguous(tensor.dim() == 4 ? at::MemoryFormat::ChannelsLast
                                                                                      : at::MemoryFormat::Contiguous));
  }
  return all;
}

at::Tensor self_distillation_loss(const at::Tensor& logits, const at::Tensor& teacher) {
  const auto rows = [](const at::Tensor& values) { return values.dim() == 2 ? values : values.flatten(0, -2); };
  return at::cross_entropy_loss(rows(logits), at::softmax(rows(teacher.detach()), 1));
}

}  // namespace msfusion
