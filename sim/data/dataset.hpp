// A labelled data set in memory, free of LibTorch: raw bytes or tokens, and the samples that each split has.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/data/shared_bytes.hpp"

namespace msfusion {

/// Images of one size, 8 bits a channel, or other samples of numbers, in the order [sample, channel, row, column].
struct ImageSet {
  int channels = 0, height = 0, width = 0;
  std::vector<std::uint8_t> pixels;  ///< empty in a set that was loaded for cost only
  std::vector<float> values;         ///< instead of pixels where the set has other numbers; likewise
  SharedBytes held;                  ///< instead of either, where the user's file has them as they are needed
  bool has_values = false;           ///< the set has values, whether they were loaded or not
  std::vector<std::int32_t> labels;
  std::vector<std::int32_t> groups;  ///< the key of a natural partition (writer, speaker); empty if the data has none

  const std::uint8_t* pixel_data() const { return held.empty() ? pixels.data() : held.data(); }
  const float* value_data() const { return held.empty() ? values.data() : reinterpret_cast<const float*>(held.data()); }
  bool is_loaded() const { return !pixels.empty() || !values.empty() || !held.empty(); }

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t image_bytes() const { return std::int64_t{channels} * height * width; }
};

/// One long sequence of token numbers in [0, vocabulary), cut into windows by the reader's user.
struct TokenSet {
  std::vector<std::int32_t> tokens;
};

enum class DataKind { images, tokens };

/// Training and test split. For images: `classes` labels 0 .. classes-1. For tokens: `classes` is the vocabulary.
/// Loaded once and never changed, so that forked processes share its pages.
struct Dataset {
  std::string name;
  DataKind kind = DataKind::images;
  int classes = 0;
  ImageSet train_images, test_images;
  TokenSet train_tokens, test_tokens;
  std::vector<std::string> vocabulary;  ///< text of every token number (tokens only)
  int window = 0;                       ///< tokens per sample (tokens only)
  bool has_drawn_labels = false;        ///< the set is not there: its sizes are those of the catalogue, labels made up
  const char* sizes_of = "";            ///< which of the catalogue's sizes, where there are several
  std::vector<float> channel_mean,
      channel_std;  ///< of the training images' pixels scaled to [0, 1], or of their values; for normalisation; empty
                    ///< when loaded for cost only

  /// Images; or windows: sample i reads tokens [i * window, (i + 1) * window] - one more than the window, because the
  /// last position's target is the next token. So there are (tokens - 1) / window of them.
  std::int64_t train_samples() const;
  std::int64_t test_samples() const;
};

}  // namespace msfusion
