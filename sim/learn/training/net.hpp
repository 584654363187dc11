// Runs a shape's layers on tensors, for any slice of its widths and blocks: the parameters' sizes determine the slice.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/learn/kernels/dropout.hpp"
#include "sim/shape/shape.hpp"

namespace msfusion {

/// The statistics of one batch norm: those of a batch of training samples, or their averages over batches, which are
/// fixed while a model is tested (HeteroFL).
struct NormStatistics {
  at::Tensor mean, variance;
};

/// Options of a forward pass.
struct Pass {
  enum class Norm {
    batch,    ///< batch norms use the batch's statistics
    collect,  ///< the same, and store them in `statistics`
    fixed,    ///< batch norms use `statistics`
  };
  Norm norm = Norm::batch;
  std::vector<NormStatistics>* statistics = nullptr;        ///< one per layer; collect and fixed
  double scaler = 1;                                        ///< activations are divided by it before each norm
  DropoutMasks* dropout = nullptr;                          ///< none: nothing is dropped
  std::function<void(int layer, const at::Tensor&)> watch;  ///< sees every layer's output, if given
  const std::vector<std::int64_t>* rows = nullptr;          ///< several models at once: the number of samples of each
};

class Net {
 public:
  explicit Net(const Shape& shape);

  struct Output {
    at::Tensor logits;          ///< [samples, classes], or [samples, tokens, classes]
    at::Tensor representation;  ///< the last layer's input: [samples, features], or [samples, tokens, features]
    std::vector<at::Tensor> exits = {};  ///< of a model with exits: the logits of each that the slice has
  };

  /// `parameters` in the order of Shape::tensors, of the slice's sizes. Images come as [samples, channels, height,
  /// width] (in channels_last memory where wants_channels_last), tokens as whole numbers [samples, tokens].
  /// Several models at once (`pass.rows`; needs can_group()): the models' samples one after the other, and every
  /// parameter with a leading dimension of the models.
  Output forward(const at::Tensor& input, const std::vector<at::Tensor>& parameters, const Pass& pass) const;

  /// As many as layers; only batch norms use theirs.
  std::vector<NormStatistics> no_statistics() const { return std::vector<NormStatistics>(shape_.layers.size()); }

  bool has_batch_norm() const { return has_batch_norm_; }
  bool can_group() const;  ///< forward() takes several models at once, with the bits of each alone
  bool wants_channels_last() const { return has_convolution_; }
  const Shape& shape() const { return shape_; }

 private:
  struct Frame;  // one layer's inputs and parameters in a pass
  at::Tensor apply(int layer, const Frame& frame) const;
  void answer(Output& output) const;
  bool is_left_out(const Layer& layer, const std::vector<at::Tensor>& parameters) const;

  const Shape& shape_;
  std::vector<int> last_reader_;     // per layer: the last layer that reads its output
  std::vector<bool> may_overwrite_;  // per layer: an activation function that may work in place
  std::vector<bool> fuses_relu_;     // per layer: a batch norm that applies the ReLU behind it
  std::vector<bool> is_exit_;        // per layer: it gives logits
  bool has_batch_norm_ = false, has_convolution_ = false;
};

}  // namespace msfusion
