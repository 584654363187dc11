// The base of merges in which one node holds the model that all others start from.
#pragma once

#include "sim/learn/merging/merge.hpp"

namespace msfusion {

class ServerState : public ModelState {
 public:
  explicit ServerState(const MergeContext& context) : context_(context), global_(context.initial) {}

  at::Tensor global() const override { return global_; }
  const char* what_is_global() const override {
    return facts_of(context_.method.exchange.kind).pools_data ? "the model of the node that has all data"
                                                              : "the server's model";
  }
  at::Tensor of(NodeId) const override { return global_; }

  /// An empty round changes nothing.
  void merge(const Arrivals& arrivals) override {
    if (!arrivals.tasks.empty()) global_ = next(arrivals).to(at::kFloat);
  }

  void save(StateWriter& out) const override { out.tensor(global_); }
  void restore(StateReader& in) override { global_ = in.tensor(at::kFloat, context_.full.size()); }

 protected:
  /// The new model, float or double; at least one task arrived.
  virtual at::Tensor next(const Arrivals& arrivals) = 0;

  const MergeContext context_;
  at::Tensor global_;
};

}  // namespace msfusion
