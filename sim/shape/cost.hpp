// What training a slice costs, from the slice alone: MACs, bytes moved, memory.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"
#include "sim/shape/step_memory.hpp"

namespace msfusion {

/// One layer of a slice, per sample unless said otherwise. Only layers with work appear.
struct LayerCost {
  int layer = 0;                    ///< into Shape::layers, or those that a slice keeps of blocks
  std::int64_t forward_macs = 0;    ///< convolutions, matrix products (attention included); element-wise work counts 0
  std::int64_t training_macs = 0;   ///< forward + weight gradients + input gradients (none for what reads the input)
  std::int64_t forward_bytes = 0;   ///< activations read and written
  std::int64_t training_bytes = 0;  ///< 3 x forward_bytes
  std::int64_t parameters = 0;      ///< of this layer; read once a step forward, twice backward
  std::int64_t out_features = 0;    ///< the width that a narrow slice makes small; a head's, of attention
  std::int64_t in_features = 0;
  bool is_convolution = false;
  std::int64_t winograd_tiles = 0;   ///< of winograd_tiles() for a convolution
  bool is_dense = false;             ///< a linear layer
  std::int64_t pooled_elements = 0;  ///< that a maximum is looked for among
  std::int64_t exponentials = 0;     ///< exp, erf or tanh of an element; attention's softmax is as fast as memory
  std::int64_t random_draws = 0;     ///< of dropout; only where it trains
  std::int64_t calls = 1;            ///< kernels that forward starts: many for each recurrent step
  std::int64_t tensors = 0;          ///< of parameters
  std::int64_t sample_calls = 0;     ///< kernels for each sample: attention multiplies sample by sample, head by head
  std::int64_t frozen_tensors = 0;   ///< of them, those that are not trained
  int passes = 3;                    ///< over the parameters in a step: forward, and two backward
  std::int64_t repeats = 1;          ///< how often a pass reads the parameters: the steps of a recurrent layer
};

/// All bytes are for 4-byte floats.
struct SliceCost {
  std::int64_t parameters = 0;
  std::int64_t frozen_parameters = 0;  ///< of them, those that are not trained
  std::int64_t forward_macs = 0;       ///< per sample
  std::int64_t training_macs = 0;      ///< per sample
  StepMemory memory;
  std::vector<LayerCost> layers;

  std::int64_t trained_parameters() const { return parameters - frozen_parameters; }
};

SliceCost slice_cost(const Shape& shape, const WidthSlice& slice, LastLayer last = LastLayer::logits);

/// A model cut in two, of which the first part reads the sample.
struct CutCost {
  SliceCost front;
  SliceCost rest;      ///< its memory is not known
  int last_layer = 0;  ///< of the front
};

/// Cuts behind so many layers that have parameters, and behind those without that follow.
CutCost cut_cost(const Shape& shape, const WidthSlice& slice, int parametrised_layers);

}  // namespace msfusion
