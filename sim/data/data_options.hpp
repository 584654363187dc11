// What a scenario says about the data and who holds it, and the words for it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

/// data: what is learned from, and who holds it.
struct DataOptions {
  std::string set = "fashion-mnist";  ///< fashion-mnist | mnist | emnist | cifar-10 | cifar-100 | folder | tokens |
                                      ///< characters | synthetic
  std::string path;                   ///< folder of the set; empty: $MSFUSION_DATA/SET, then the system package
  int line = 0;
  std::optional<std::int64_t> train_samples;  ///< a seeded stratified subset; none: all
  std::optional<std::int64_t> test_samples;   ///< the first ones; none: all
  enum class Partition { iid, dirichlet, shards, label_k, natural } partition = Partition::iid;
  double alpha = 0.5;          ///< dirichlet: smaller is more skewed
  int classes_per_device = 2;  ///< shards, label_k
  double size_skew = 0;        ///< iid: standard deviation of the log-normal device sizes; 0: equal sizes
  bool augment = false;        ///< random crop with 4 pixels of padding, and horizontal flip
  // synthetic only: Gaussian class prototypes plus noise
  int synthetic_classes = 4;
  int synthetic_side = 8;  ///< pixels
  int synthetic_channels = 1;
  int synthetic_vocabulary = 0;  ///< above 0: text of that many different tokens instead of images
};

const Vocabulary<DataOptions>& data_vocabulary();

/// Whether a data set holds text (tokens) rather than images.
bool is_text(const DataOptions& data);

}  // namespace msfusion
