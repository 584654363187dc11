#include "sim/encode/message.hpp"

#include <algorithm>
#include <cstring>

#include "sim/base/seed.hpp"
#include "sim/encode/coder.hpp"

namespace msfusion {

namespace {

constexpr double kFloat = sizeof(float);

// Tensors that an encoding leaves alone travel as floats; those of blocks that are left out have no elements to code.
bool is_coded(const EncodingOptions& options, const TensorExtent& extent) {
  if (!extent.is_sent || extent.elements() == 0 || (extent.is_vector && !facts_of(options.kind).takes_vectors))
    return false;
  const Coder& coder = coder_of(options.kind);
  return !coder.codes || coder.codes(options, extent);
}

const Coder& coder_for(const EncodingOptions& options, const TensorExtent& extent) {
  return coder_of(is_coded(options, extent) ? options.kind : EncodingKind::none);
}

double product_flops(const EncodingOptions& options, const TensorExtent& extent) {
  return 2 * static_cast<double>(options.rank) * static_cast<double>(extent.elements());
}

}  // namespace

std::vector<TensorExtent> tensor_extents(const Shape& shape, const WidthSlice& slice) {
  std::vector<TensorExtent> extents;
  for (const ParameterTensor& tensor : shape.tensors) {
    TensorExtent extent;
    extent.is_vector = tensor.dims.size() < 2;
    extent.is_sent = tensor.is_trained && !tensor.is_private;
    for (std::size_t d = 0; d < tensor.dims.size(); ++d)
      (d == 0 ? extent.rows : extent.columns) *= sliced_size(tensor.dims[d], slice);
    extents.push_back(extent);
  }
  return extents;
}

std::int64_t encoded_bytes(const EncodingOptions& options, const TensorExtent& extent) {
  return extent.is_sent ? coder_for(options, extent).bytes(options, extent) : 0;
}

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  coder_for(coding.options, coding.extent).encode(coding, values, reference, message);
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  coder_for(coding.options, coding.extent).decode(coding, message, reference, values);
}

void cut(const EncodingOptions& options, const TensorExtent& extent, const std::byte* message,
         const std::vector<std::int64_t>& elements, std::byte* part) {
  // In front what is said of the tensor, then as many bytes for each element.
  const Coder& coder = coder_for(options, extent);
  const std::int64_t one = coder.bytes(options, {1, 1, extent.is_vector}),
                     two = coder.bytes(options, {1, 2, extent.is_vector});
  const auto width = static_cast<std::size_t>(two - one), front = static_cast<std::size_t>(2 * one - two);
  std::memcpy(part, message, front);
  for (const std::int64_t element : elements) {
    std::memcpy(part + front, message + front + static_cast<std::size_t>(element) * width, width);
    part += width;
  }
}

std::int64_t message_bytes(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice) {
  std::int64_t bytes = 0;
  for (const TensorExtent& extent : tensor_extents(shape, slice)) bytes += encoded_bytes(options, extent);
  return bytes;
}

std::int64_t shared_message_bytes(const EncodingOptions& options, const Shape& shape, const WidthSlice& a,
                                  const WidthSlice& b) {
  std::int64_t bytes = 0;
  for (const ParameterTensor& tensor : shape.tensors) {
    if (!tensor.is_trained || tensor.is_private) continue;
    TensorExtent common{1, 1, tensor.dims.size() < 2};
    for (const Dim& dim : tensor.dims) common.columns *= shared_size(dim, a, b);
    if (common.columns > 0) bytes += encoded_bytes(options, common);
  }
  return bytes;
}

std::int64_t fed_back_elements(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice) {
  std::int64_t elements = 0;
  if (!feeds_back(options)) return elements;
  for (const TensorExtent& extent : tensor_extents(shape, slice))
    if (is_coded(options, extent)) elements += extent.elements();
  return elements;
}

std::int64_t kept_bytes(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice) {
  std::int64_t floats = fed_back_elements(options, shape, slice);
  if (options.kind == EncodingKind::powersgd)
    for (const TensorExtent& extent : tensor_extents(shape, slice))
      if (is_coded(options, extent))
        floats += std::min({static_cast<std::int64_t>(options.rank), extent.rows, extent.columns}) * extent.columns;
  return floats * static_cast<std::int64_t>(sizeof(float));
}

CodingWork encoding_work(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice) {
  CodingWork work;
  if (options.kind == EncodingKind::none) return work;
  const bool multiplies = options.kind == EncodingKind::powersgd;
  for (const TensorExtent& extent : tensor_extents(shape, slice)) {
    if (!is_coded(options, extent)) continue;
    const double elements = static_cast<double>(extent.elements());
    work.bytes += kFloat * elements * facts_of(options.kind).encode_reads;
    work.bytes += static_cast<double>(encoded_bytes(options, extent));
    if (multiplies) work.flops += 2 * product_flops(options, extent);
    if (!feeds_back(options)) continue;
    // The sum with the residual before, the difference from what the receiver will have afterwards: three each.
    constexpr double kResidualReads = 6;
    work.bytes += kFloat * elements * kResidualReads;
    if (multiplies) work.flops += product_flops(options, extent);
  }
  return work;
}

CodingWork decoding_work(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice) {
  CodingWork work;
  if (options.kind == EncodingKind::none) return work;
  for (const TensorExtent& extent : tensor_extents(shape, slice))
    if (is_coded(options, extent))
      work.bytes +=
          static_cast<double>(encoded_bytes(options, extent)) + kFloat * static_cast<double>(extent.elements());
  return work;
}

TensorCoding tensor_coding(const EncodingOptions& options, const TensorExtent& extent, std::uint64_t run_seed,
                           int round, int task, int tensor) {
  const auto number = static_cast<std::uint64_t>(tensor);
  return {options, extent, derive_seed(run_seed, Purpose::encoding, static_cast<std::uint64_t>(task), number),
          derive_seed(run_seed, Purpose::shared_positions, number, static_cast<std::uint64_t>(round)), nullptr};
}

}  // namespace msfusion
