// The device that trainings run on: the CPU, or a GPU where LibTorch has one.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/StreamGuard.h>

#include <optional>

#include "sim/plan/training_options.hpp"

namespace msfusion {

bool has_cuda();

at::Device device_of(const TrainingOptions& training);

/// While it lives, the calling thread has its own stream on a GPU, so that several jobs share the GPU. On the CPU it
/// does nothing.
class JobStream {
 public:
  explicit JobStream(at::Device device);
  JobStream(const JobStream&) = delete;
  JobStream& operator=(const JobStream&) = delete;

 private:
  std::optional<c10::StreamGuard> guard_;
};

}  // namespace msfusion
