// LoRA (Hu et al., arXiv 2106.09685): dense layers keep their weights W, and what is trained is B A in W + B A.
#pragma once

#include <string>
#include <vector>

#include "sim/shape/shape.hpp"
#include "sim/shape/tensor_file.hpp"

namespace msfusion {

struct AdapterOptions {
  int rank = 0;                     ///< 0: no adapters
  std::vector<std::string> layers;  ///< words as in named_tensors_of(); empty: every dense layer but the classifier
  /// Which widths a method may cut: the ranks alone, while the frozen model stays whole, or the model's widths too.
  enum class Cut { rank, all } cut = Cut::rank;
};

/// The model with an adapter beside each dense layer that the options name. "fc" is followed by "fc.lora_a",
/// "fc.lora_b" and their sum with it, "fc.lora". A is drawn as a dense layer's weight is, B is 0: the model starts as
/// it was. The rank of an adapter is a width axis. The adapters' tensors stand behind all others. Throws UserError for
/// a word that names no dense layer, or the classifier.
Shape with_adapters(Shape shape, const AdapterOptions& options);

/// The values of a model without adapters that computes the same: W + B A for each "fc.weight" that has
/// "fc.lora_a.weight" and "fc.lora_b.weight" beside it, which are left out.
TensorFile merged_adapters(TensorFile file);

}  // namespace msfusion
