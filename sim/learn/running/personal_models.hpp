// What each device keeps to itself between rounds: a model of its own, or the tensors that it never sends.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/state_file.hpp"

namespace msfusion {

/// Models are flat and of full size; a device that has not trained yet has the start values.
class PersonalModels {
 public:
  explicit PersonalModels(const RunContext& run);  ///< which must outlive it

  bool keeps() const { return keeps_copies_ || hides(); }
  bool hides() const { return !hidden_.empty(); }

  /// Gives the device's own to a training whose model has been set.
  void equip(TrainingJob& job) const;

  /// What a device has after a training, whatever became of its messages.
  void remember(const Trained& trained);

  /// What others see of it: hidden tensors have the values of `shared`, so that no mean moves them.
  void hide(Trained& trained, const at::Tensor& shared) const;

  /// What the device starts a round from, where `shared` is what it was sent.
  at::Tensor start_of(NodeId device, const at::Tensor& shared) const;

  /// The model that the device would use.
  at::Tensor model_of(NodeId device, const at::Tensor& shared) const;

  /// `shared` with the mean of the devices' own in the place of hidden tensors.
  at::Tensor global(const at::Tensor& shared) const;

  void save(StateWriter& out) const;
  void restore(StateReader& in);

 private:
  std::int64_t size() const;  // of what is kept of a device
  at::Tensor with(const at::Tensor& full, const at::Tensor& own) const;

  const RunContext& run_;
  bool keeps_copies_;
  std::vector<std::pair<std::int64_t, std::int64_t>> hidden_;  // offset and length in the layout
  at::Tensor initial_;                                         // a copy's first values
  std::map<NodeId, at::Tensor> own_;                           // a whole model, or the hidden tensors one by one
};

}  // namespace msfusion
