#include "sim/learn/running/slice_message.hpp"

#include <algorithm>
#include <stdexcept>

#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/slice_map.hpp"

namespace msfusion {

namespace {

TensorCoding coding_of(const SliceMessage& message, const TensorExtent& extent, int tensor) {
  TensorCoding coding =
      tensor_coding(message.options, extent, message.run.setup.seed, message.round, message.task, tensor);
  if (message.kept) coding.kept = &(*message.kept)[static_cast<std::size_t>(tensor)];
  return coding;
}

// Calls visit(tensor, coding, offset in the layout, offset in the message).
template <class Visit>
std::size_t for_each_tensor(const SliceMessage& message, Visit visit) {
  const ParameterLayout layout(message.run.setup.shape, message.slice);
  const std::vector<TensorExtent> extents = tensor_extents(message.run.setup.shape, message.slice);
  std::size_t at = 0;
  for (int t = 0; t < layout.tensors(); ++t) {
    const TensorCoding coding = coding_of(message, extents[static_cast<std::size_t>(t)], t);
    visit(t, coding, layout.slot(t).offset, at);
    at += static_cast<std::size_t>(encoded_bytes(message.options, coding.extent));
  }
  return at;
}

const float* reference_at(const SliceMessage& message, std::int64_t offset) {
  return message.reference.defined() ? message.reference.data_ptr<float>() + offset : nullptr;
}

// The tensor of a place in the full model.
int tensor_of(const ParameterLayout& full, std::int64_t place) {
  int tensor = 0;
  while (tensor + 1 < full.tensors() && full.slot(tensor + 1).offset <= place) ++tensor;
  return tensor;
}

// Calls visit(tensor, begin, end) for the runs of places in one tensor.
template <class Visit>
void for_each_run_of(const ParameterLayout& full, const std::vector<std::int64_t>& places, Visit visit) {
  for (std::size_t begin = 0; begin < places.size();) {
    const int tensor = tensor_of(full, places[begin]);
    const std::int64_t last = full.slot(tensor).offset + full.slot(tensor).count;
    std::size_t end = begin;
    while (end < places.size() && places[end] >= full.slot(tensor).offset && places[end] < last) ++end;
    visit(tensor, begin, end);
    begin = end;
  }
}

TensorExtent extent_of_part(const RunContext& run, int tensor, std::size_t elements) {
  const bool is_vector = run.setup.shape.tensors[static_cast<std::size_t>(tensor)].dims.size() < 2;
  return {1, static_cast<std::int64_t>(elements), is_vector};
}

}  // namespace

MessageBytes encoded(const SliceMessage& message, const at::Tensor& values) {
  MessageBytes bytes(static_cast<std::size_t>(message_bytes(message.options, message.run.setup.shape, message.slice)));
  for_each_tensor(message, [&](int, const TensorCoding& coding, std::int64_t offset, std::size_t at) {
    if (!coding.extent.is_sent) return;
    encode(coding, values.data_ptr<float>() + offset, reference_at(message, offset), bytes.data() + at);
  });
  return bytes;
}

at::Tensor decoded(const SliceMessage& message, const MessageBytes& bytes) {
  const ParameterLayout layout(message.run.setup.shape, message.slice);
  at::Tensor values = at::zeros({layout.size()});
  for_each_tensor(message, [&](int, const TensorCoding& coding, std::int64_t offset, std::size_t at) {
    if (!coding.extent.is_sent) return;
    decode(coding, bytes.data() + at, reference_at(message, offset), values.data_ptr<float>() + offset);
  });
  return values;
}

void keep_unsent(const Shape& shape, const ParameterLayout& layout, const at::Tensor& sent, at::Tensor& values) {
  for (int t = 0; t < layout.tensors(); ++t) {
    const ParameterTensor& tensor = shape.tensors[static_cast<std::size_t>(t)];
    if (tensor.is_trained && !tensor.is_private) continue;
    const TensorSlot& slot = layout.slot(t);
    values.narrow(0, slot.offset, slot.count).copy_(sent.narrow(0, slot.offset, slot.count));
  }
}

MessageBytes cut(const SliceMessage& message, const MessageBytes& bytes, const std::vector<std::int64_t>& places) {
  const RunContext& run = message.run;
  // Where each place lies in the slice's layout.
  std::vector<std::int64_t> part_of(static_cast<std::size_t>(run.full.size()), -1);
  const SliceMap map(run.setup.shape, run.full, message.slice);
  map.for_each_run([&](int, const Run& one) {
    for (std::int64_t i = 0; i < one.length; ++i) part_of[static_cast<std::size_t>(one.full + i)] = one.part + i;
  });
  std::vector<std::size_t> starts;
  for_each_tensor(message, [&](int, const TensorCoding&, std::int64_t, std::size_t at) { starts.push_back(at); });
  const std::vector<TensorExtent> extents = tensor_extents(run.setup.shape, message.slice);
  MessageBytes result;
  for_each_run_of(run.full, places, [&](int tensor, std::size_t begin, std::size_t end) {
    const auto t = static_cast<std::size_t>(tensor);
    std::vector<std::int64_t> elements;
    for (std::size_t i = begin; i < end; ++i)
      elements.push_back(part_of[static_cast<std::size_t>(places[i])] - map.part_layout().slot(tensor).offset);
    const std::size_t at = result.size();
    result.resize(
        at + static_cast<std::size_t>(encoded_bytes(message.options, extent_of_part(run, tensor, elements.size()))));
    cut(message.options, extents[t], bytes.data() + starts[t], elements, result.data() + at);
  });
  return result;
}

std::vector<float> decoded_cut(const RunContext& run, const EncodingOptions& options, const MessageBytes& bytes,
                               const std::vector<std::int64_t>& places) {
  std::vector<float> values(places.size());
  std::size_t at = 0;
  for_each_run_of(run.full, places, [&](int tensor, std::size_t begin, std::size_t end) {
    const TensorCoding coding{options, extent_of_part(run, tensor, end - begin), 0, 0, nullptr};
    const auto size = static_cast<std::size_t>(encoded_bytes(options, coding.extent));
    if (at + size > bytes.size()) throw std::logic_error("a message is shorter than its plan says");
    decode(coding, bytes.data() + at, nullptr, values.data() + begin);
    at += size;
  });
  return values;
}

}  // namespace msfusion
