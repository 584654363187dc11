#include "sim/learn/running/device.hpp"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>

namespace msfusion {

bool has_cuda() {
  return at::hasCUDA();
}

at::Device device_of(const TrainingOptions& training) {
  return training.device == TrainingOptions::Device::cuda ? at::Device(at::kCUDA, 0) : at::Device(at::kCPU);
}

JobStream::JobStream(at::Device device) {
  if (device.is_cpu()) return;
  at::globalContext().setDeterministicCuDNN(true);
  guard_.emplace(c10::impl::VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device));
}

}  // namespace msfusion

extern "C" bool msfusion_has_cuda() {
  return msfusion::has_cuda();
}
