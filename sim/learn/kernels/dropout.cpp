#include "sim/learn/kernels/dropout.hpp"

#include <algorithm>
#include <cmath>

#include "sim/base/seed.hpp"
#include "sim/base/vectorised.hpp"

namespace msfusion {

namespace {

// A bijection of 32 bits in which every bit of the input changes half of the output's (C. Wellons's lowbias32).
inline std::uint32_t mixed(std::uint32_t bits) {
  bits = (bits ^ (bits >> 16)) * 0x7feb352dU;
  bits = (bits ^ (bits >> 15)) * 0x846ca68bU;
  return bits ^ (bits >> 16);
}

MSFUSION_VECTORISED void draw(std::uint32_t first_key, std::uint32_t second_key, std::uint32_t kept_below, float factor,
                              std::int64_t count, float* mask) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint32_t drawn = mixed(mixed(static_cast<std::uint32_t>(i) + first_key) ^ second_key);
    mask[i] = drawn < kept_below ? factor : 0.0F;
  }
}

}  // namespace

at::Tensor dropout(const at::Tensor& x, double probability, DropoutMasks& masks) {
  const double keep = 1 - probability;
  const std::uint64_t key = derive_seed(masks.seed, Purpose::dropout, masks.drawn++);
  const at::Tensor mask = at::empty_like(x, at::TensorOptions(at::kCPU), at::MemoryFormat::Contiguous);
  const auto kept_below = static_cast<std::uint32_t>(std::min(std::floor(keep * 0x1p32), 0x1p32 - 1));
  draw(static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32), kept_below, static_cast<float>(1 / keep),
       mask.numel(), mask.data_ptr<float>());
  return x * mask.to(x.device());
}

}  // namespace msfusion
