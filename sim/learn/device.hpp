// Where trainings compute: the processor, or a GPU where LibTorch has one.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/StreamGuard.h>

#include <optional>

#include "sim/plan/training_options.hpp"

namespace msfusion {

bool has_cuda();

at::Device device_of(const TrainingSpec& training);

/// On a GPU: a stream of its own for the calling thread while it lives, so that several jobs share the GPU.
class JobStream {
 public:
  explicit JobStream(at::Device device);
  JobStream(const JobStream&) = delete;
  JobStream& operator=(const JobStream&) = delete;

 private:
  std::optional<c10::StreamGuard> guard_;
};

}  // namespace msfusion
