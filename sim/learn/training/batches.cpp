#include "sim/learn/training/batches.hpp"

#include <stdexcept>
#include <variant>

namespace msfusion {

namespace {

constexpr int kPadding = 4;
constexpr std::uint64_t kMaskPercent = 15;

// One channel of one image to floats that lie `stride` apart.
template <class Element>
void convert(const Element* elements, std::int64_t count, float scale, float shift, float* out, std::int64_t stride) {
  if (stride == 1) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = static_cast<float>(elements[i]) * scale + shift;
  } else {
    for (std::int64_t i = 0; i < count; ++i) out[i * stride] = static_cast<float>(elements[i]) * scale + shift;
  }
}

}  // namespace

Batches::Batches(const Dataset& data, const Shape& shape) : data_(data) {
  for (const auto& layer : shape.layers) {
    channels_last_ |= std::holds_alternative<Conv2d>(layer.op);
    if (const auto* attention = std::get_if<Attention>(&layer.op))
      masked_ |= !attention->causal && shape.input_kind == InputKind::tokens;
    // A masked model's embedding has one more row than there are tokens: the mask.
    if (const auto* embedding = std::get_if<Embedding>(&layer.op)) mask_token_ = embedding->vocabulary - 1;
  }
  for (std::size_t c = 0; c < static_cast<std::size_t>(data.train_images.channels); ++c) {
    const float mean = c < data.channel_mean.size() ? data.channel_mean[c] : 0.0F;
    const float deviation = c < data.channel_std.size() && data.channel_std[c] > 0 ? data.channel_std[c] : 1.0F;
    scale_.push_back(1.0F / ((data.train_images.has_values ? 1.0F : 255.0F) * deviation));
    shift_.push_back(-mean / deviation);
  }
}

Batch Batches::make(Part part, const std::int32_t* samples, std::int64_t count, std::uint64_t mask_seed) const {
  if (tokens()) return windows(part == Part::train ? data_.train_tokens : data_.test_tokens, samples, count, mask_seed);
  return images(part == Part::train ? data_.train_images : data_.test_images, samples, count, {});
}

Batch Batches::make_augmented(const std::int32_t* samples, std::int64_t count, std::mt19937_64& random) const {
  if (tokens()) return windows(data_.train_tokens, samples, count, random());
  std::vector<Crop> crops(static_cast<std::size_t>(count));
  for (auto& crop : crops) {
    crop.down = static_cast<int>(random() % (2 * kPadding + 1)) - kPadding;
    crop.right = static_cast<int>(random() % (2 * kPadding + 1)) - kPadding;
    crop.flip = random() % 2 == 1;
  }
  return images(data_.train_images, samples, count, crops);
}

Batch Batches::images(const ImageSet& set, const std::int32_t* samples, std::int64_t count,
                      const std::vector<Crop>& crops) const {
  return set.has_values ? images_of(set, set.value_data(), samples, count, crops)
                        : images_of(set, set.pixel_data(), samples, count, crops);
}

template <class Element>
Batch Batches::images_of(const ImageSet& set, const Element* elements, const std::int32_t* samples, std::int64_t count,
                         const std::vector<Crop>& crops) const {
  const std::int64_t channels = set.channels, height = set.height, width = set.width, plane = height * width;
  Batch batch;
  batch.input = at::empty({count, channels, height, width},
                          at::TensorOptions().memory_format(channels_last_ ? at::MemoryFormat::ChannelsLast
                                                                           : at::MemoryFormat::Contiguous));
  batch.target = at::empty({count}, at::kLong);
  const std::int64_t pixel_stride = channels_last_ ? channels : 1;
  const std::int64_t channel_stride = channels_last_ ? 1 : plane;
  std::vector<Element> moved;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t sample = samples[i];
    batch.target.data_ptr<std::int64_t>()[i] = set.labels[static_cast<std::size_t>(sample)];
    for (std::int64_t c = 0; c < channels; ++c) {
      const Element* pixels = elements + (sample * channels + c) * plane;
      if (!crops.empty()) {
        const Crop& crop = crops[static_cast<std::size_t>(i)];
        moved.assign(static_cast<std::size_t>(plane), 0);
        for (std::int64_t y = 0; y < height; ++y) {
          const std::int64_t from_y = y + crop.down;
          if (from_y < 0 || from_y >= height) continue;
          for (std::int64_t x = 0; x < width; ++x) {
            const std::int64_t from_x = (crop.flip ? width - 1 - x : x) + crop.right;
            if (from_x >= 0 && from_x < width)
              moved[static_cast<std::size_t>(y * width + x)] = pixels[from_y * width + from_x];
          }
        }
        pixels = moved.data();
      }
      float* out = batch.input.data_ptr<float>() + i * channels * plane + c * channel_stride;
      convert(pixels, plane, scale_[static_cast<std::size_t>(c)], shift_[static_cast<std::size_t>(c)], out,
              pixel_stride);
    }
  }
  return batch;
}

Batch Batches::windows(const TokenSet& set, const std::int32_t* samples, std::int64_t count,
                       std::uint64_t mask_seed) const {
  const std::int64_t window = data_.window;
  Batch batch;
  batch.input = at::empty({count, window}, at::kLong);
  batch.target = at::empty({count * window}, at::kLong);
  if (masked_) batch.scored = at::zeros({count * window}, at::kBool);
  auto* input = batch.input.data_ptr<std::int64_t>();
  auto* target = batch.target.data_ptr<std::int64_t>();
  std::mt19937_64 random(mask_seed);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int32_t* tokens = set.tokens.data() + static_cast<std::int64_t>(samples[i]) * window;
    for (std::int64_t t = 0; t < window; ++t) {
      const std::int64_t at = i * window + t;
      input[at] = tokens[t];
      target[at] = masked_ ? tokens[t] : tokens[t + 1];
      if (masked_ && random() % 100 < kMaskPercent) {
        input[at] = mask_token_;
        batch.scored.data_ptr<bool>()[at] = true;
      }
    }
  }
  return batch;
}

}  // namespace msfusion
