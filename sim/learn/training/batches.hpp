// Batches as tensors, made on demand from a data set's raw bytes or tokens.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <random>
#include <vector>

#include "sim/data/dataset.hpp"
#include "sim/shape/shape.hpp"

namespace msfusion {

struct Batch {
  at::Tensor
      input;  ///< images: float [samples, channels, height, width], normalised; tokens: whole numbers [samples, tokens]
  at::Tensor target;  ///< whole numbers [samples] or [samples * tokens]
  at::Tensor scored;  ///< masked language models: the targets that accuracy counts; undefined: all
  std::int64_t targets() const { return target.numel(); }
  Batch to(at::Device device) const {
    return {input.to(device), target.to(device), scored.defined() ? scored.to(device) : scored};
  }
};

/// Reads one data set for one model. Safe to use from several threads.
class Batches {
 public:
  enum class Part { train, test };

  Batches(const Dataset& data, const Shape& shape);

  /// Images unchanged. For a masked model 15 % of the tokens are masked, drawn from `mask_seed`.
  Batch make(Part part, const std::int32_t* samples, std::int64_t count, std::uint64_t mask_seed) const;

  /// The same for training, with a random crop (4 pixels of padding) and flip per image where `augment`.
  Batch make_augmented(const std::int32_t* samples, std::int64_t count, std::mt19937_64& random) const;

  std::int64_t test_samples() const { return data_.test_samples(); }
  bool tokens() const { return data_.kind == DataKind::tokens; }

 private:
  struct Crop {
    int down = 0, right = 0;  // pixels that the image moves, -4 .. 4
    bool flip = false;
  };
  Batch images(const ImageSet& set, const std::int32_t* samples, std::int64_t count,
               const std::vector<Crop>& crops) const;
  template <class Element>
  Batch images_of(const ImageSet& set, const Element* elements, const std::int32_t* samples, std::int64_t count,
                  const std::vector<Crop>& crops) const;
  Batch windows(const TokenSet& set, const std::int32_t* samples, std::int64_t count, std::uint64_t mask_seed) const;

  const Dataset& data_;
  bool channels_last_ = false;
  bool masked_ = false;
  std::int64_t mask_token_ = 0;
  std::vector<float> scale_, shift_;  // per channel: value = byte * scale + shift
};

}  // namespace msfusion
