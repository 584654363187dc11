// The order in which a device's samples are trained on.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace msfusion {

/// A device's samples, in a new order every epoch.
class SampleOrder {
 public:
  SampleOrder(const std::vector<std::int32_t>& samples, int batch, std::uint64_t seed)
      : samples_(samples), batch_(batch), random_(at::make_generator<at::CPUGeneratorImpl>(seed)) {}

  std::int64_t batches_per_epoch() const { return (size() + batch_ - 1) / batch_; }

  /// The last batch of an epoch may be smaller.
  const std::vector<std::int32_t>& next() {
    if (position_ == size()) position_ = 0;
    if (position_ == 0) {
      const at::Tensor order = at::randperm(size(), random_, at::kLong);
      epoch_.resize(samples_.size());
      for (std::size_t i = 0; i < epoch_.size(); ++i)
        epoch_[i] = samples_[static_cast<std::size_t>(order.data_ptr<std::int64_t>()[i])];
    }
    const auto count = std::min<std::int64_t>(batch_, size() - position_);
    current_.assign(epoch_.begin() + position_, epoch_.begin() + position_ + count);
    position_ += count;
    return current_;
  }

 private:
  std::int64_t size() const { return static_cast<std::int64_t>(samples_.size()); }

  const std::vector<std::int32_t>& samples_;
  std::int64_t batch_;
  at::Generator random_;
  std::vector<std::int32_t> epoch_, current_;
  std::int64_t position_ = 0;
};

}  // namespace msfusion
