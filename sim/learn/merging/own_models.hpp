// The base of merges in which every device keeps a whole model of its own.
#pragma once

#include "sim/learn/merging/merge.hpp"

namespace msfusion {

class OwnModels : public ModelState {
 public:
  explicit OwnModels(const MergeContext& context)
      : context_(context), own_(static_cast<std::size_t>(context.devices()), context.initial) {}

  at::Tensor global() const override;  ///< the plain mean of the devices' models
  const char* what_is_global() const override { return "the mean of the devices' own models, which no node holds"; }
  at::Tensor of(NodeId device) const override { return own_[static_cast<std::size_t>(device)]; }
  std::optional<double> disagreement() const override;
  void save(StateWriter& out) const override { out.tensors(own_); }
  void restore(StateReader& in) override { own_ = in.tensors({own_.size()}, at::kFloat, context_.full.size()); }

 protected:
  /// Puts every device's trained slice in its model.
  void keep_results(const Arrivals& arrivals);

  const MergeContext context_;
  std::vector<at::Tensor> own_;
};

/// Mean over models of |model - mean| / |mean|.
double mean_distance(const std::vector<at::Tensor>& models);

}  // namespace msfusion
