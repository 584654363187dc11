#include <algorithm>
#include <stdexcept>

#include "sim/shape/layer_file.hpp"

namespace msfusion {

const std::vector<LayerAttribute>& common_layer_attributes() {
  static const std::vector<LayerAttribute> all = {
      {"name", "the kind and a number",
       "Of the layer; of a residual, a repeat or an attention: in front of the names of its layers."},
      {"from", "the layer before", "The layer that it reads."},
      {"when", "1", "The layer is left out where this is 0."},
  };
  return all;
}

// A table. NOLINTNEXTLINE(readability-function-size)
const std::vector<LayerKind>& layer_kinds() {
  static const std::vector<LayerAttribute> pool = {{"kernel", "2", "Side of the window."},
                                                   {"stride", "the kernel", "Step between windows."},
                                                   {"padding", "0", "Rows and columns added at every edge."}};
  static const std::vector<LayerKind> all = {
      {"conv",
       "Convolution.",
       {{"channels", "those that it reads, with depthwise", "Channels that it makes."},
        {"kernel", "3", "Side of the kernel."},
        {"stride", "1", "Step between windows."},
        {"padding", "half the kernel, rounded down", "Rows and columns added at every edge."},
        {"depthwise", "no", "yes: a kernel for each channel."},
        {"groups", "1", "Each reads its own part of the channels; a slice cuts within them."},
        {"bias", "yes", ""}},
       {}},
      {"dense", "Linear layer, of every token in text.", {{"units", nullptr, "Outputs."}, {"bias", "yes", ""}}, {}},
      {"norm",
       "Normalisation.",
       {{"kind", "batch", "batch or group (of maps), layer (of tokens and vectors), or none."},
        {"groups", "8", "Of a group norm; a slice uses the largest divisor of its channels that is not larger."}},
       {}},
      {"relu", "max(x, 0).", {}, {}},
      {"relu6", "min(max(x, 0), 6).", {}, {}},
      {"gelu", "Gaussian error linear unit.", {}, {}},
      {"silu", "x sigmoid(x).", {}, {}},
      {"tanh", "Hyperbolic tangent.", {}, {}},
      {"sigmoid", "Logistic function.", {}, {}},
      {"hard-sigmoid", "min(max(x / 6 + 1/2, 0), 1).", {}, {}},
      {"hard-swish", "x times hard-sigmoid(x).", {}, {}},
      {"max-pool", "Largest value of each window.", pool, {}},
      {"average-pool", "Mean of each window.", pool, {}},
      {"global-average-pool", "Mean over all positions.", {}, {}},
      {"flatten", "All positions of all channels as one vector.", {}, {}},
      {"dropout", "Sets values to 0 in training.", {{"probability", "0.5", "Of each value."}}, {}},
      {"embedding",
       "A vector for each token.",
       {{"features", nullptr, "Length of the vectors."},
        {"vocabulary", "$classes", "Rows."},
        {"deviation", "1", "Standard deviation of the start values."}},
       {}},
      {"positions",
       "Adds a learned vector for each position.",
       {{"deviation", "1", "Standard deviation of the start values."}},
       {}},
      {"attention",
       "Query, key, value, attention and projection.",
       {{"heads", nullptr, "They divide the features."}, {"causal", "no", "yes: of the tokens before."}},
       {}},
      {"lstm", "Recurrent layer.", {{"hidden", nullptr, "Units of the state."}}, {}},
      {"patches",
       "Cuts an image into squares and makes a token of each.",
       {{"size", nullptr, "Side of a square."}, {"features", nullptr, "Of a token."}},
       {}},
      {"class-token",
       "Puts a learned token in front.",
       {{"deviation", "1", "Standard deviation of the start values."}},
       {}},
      {"first-token", "The first token's features.", {}, {}},
      {"add", "Sum with another layer.", {{"with", nullptr, "That layer's name."}}, {}},
      {"residual",
       "Adds what its layers make to what they read.",
       {{"sum", "sum", "Name of the sum."}},
       {"layers", "shortcut"}},
      {"shortcut", "Used instead of the identity where that does not fit.", {}, {"layers"}},
      {"concat",
       "The channels of its branches one after the other.",
       {{"with", "", "Instead of branches: layers whose channels go behind those that it reads."}},
       {"branch"}},
      {"branch", "Layers that read what the concat reads; none: that itself.", {}, {"layers"}},
      {"repeat",
       "Its layers several times, or once for each item of a list.",
       {{"times", "", "How often."},
        {"over", "", "The list."},
        {"as", "", "The number or item as $AS."},
        {"count", "", "With over: the item's number as $COUNT."}},
       {"layers"}},
      {"classifier",
       "Linear layer to the classes; the last one.",
       {{"bias", "yes", ""}, {"tied", "", "The embedding whose weight it shares; it has no bias then."}},
       {}},
  };
  return all;
}

const LayerKind& layer_kind(const std::string& name) {
  const auto& all = layer_kinds();
  const auto found = std::find_if(all.begin(), all.end(), [&](const LayerKind& kind) { return name == kind.name; });
  if (found == all.end()) throw std::logic_error("no kind of layer has the name " + name);
  return *found;
}

}  // namespace msfusion
