// SIGNSGD with majority vote (Bernstein et al. 2018, arXiv 1802.04434): a device sends the signs of its update alone.
// What a receiver of one message has is a step in its direction; a server counts the signs of all.
#include "sim/encode/bytes.hpp"
#include "sim/encode/coder.hpp"
#include "sim/encode/sign_bits.hpp"

namespace msfusion::encodings {

namespace {

std::int64_t bytes(const EncodingOptions&, const TensorExtent& extent) {
  return ceil_divide(extent.elements(), 8);
}

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  write_signs(values, reference, coding.extent.elements(), message);
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  add_signs(message, reference, static_cast<float>(coding.options.vote_step), values, coding.extent.elements());
}

}  // namespace

extern const Coder vote{bytes, encode, decode};

}  // namespace msfusion::encodings
