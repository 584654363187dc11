// The memory order of images in which the channels of one position are neighbours.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

/// Copies only where the order is another one.
inline at::Tensor channels_last(const at::Tensor& images) {
  return images.contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace msfusion
