#include "sim/data/array_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>

#include "sim/base/error.hpp"
#include "sim/data/number_file.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostClasses = 65536, kLongestSide = 16384, kMostChannels = 65536, kMostSamples = 100'000'000;

struct Split {
  std::optional<NumberArray> x, y, client;
};

std::optional<NumberArray> taken(std::map<std::string, NumberArray>& arrays, const std::string& name) {
  const auto found = arrays.find(name);
  if (found == arrays.end()) return std::nullopt;
  return std::move(found->second);
}

std::optional<NumberArray> read_if_there(const fs::path& file) {
  return fs::exists(file) ? std::optional(read_npy(file.string())) : std::nullopt;
}

Split read_split(const fs::path& place, const std::string& name) {
  const auto split = [](std::map<std::string, NumberArray> arrays, const std::string& end) {
    return Split{taken(arrays, "x" + end), taken(arrays, "y" + end), taken(arrays, "client" + end)};
  };
  const std::string end = "_" + name;
  if (!fs::is_directory(place)) return split(read_npz(place.string(), {"x" + end, "y" + end, "client" + end}), end);
  if (const fs::path file = place / (name + ".npz"); fs::exists(file))
    return split(read_npz(file.string(), {"x", "y", "client"}), "");
  return {read_if_there(place / ("x" + end + ".npy")), read_if_there(place / ("y" + end + ".npy")),
          read_if_there(place / ("client" + end + ".npy"))};
}

[[noreturn]] void refuse(const NumberArray& array, const std::string& found, const std::string& allowed) {
  throw UserError(Mistake{array.source(), 0, found, allowed});
}

std::string described(const NumberArray& array) {
  std::string text;
  for (const std::int64_t size : array.shape()) text += fmt::format("{}{}", text.empty() ? "" : " x ", size);
  return "an array of " + (text.empty() ? "one number" : text);
}

// The sizes of a sample; true where channels come last.
bool read_sizes(const NumberArray& x, ImageSet& set) {
  const std::vector<std::int64_t>& shape = x.shape();
  const auto is_colour = [](std::int64_t size) { return size == 1 || size == 3 || size == 4; };
  std::vector<std::int64_t> sizes(shape.begin() + (shape.empty() ? 0 : 1), shape.end());
  bool channels_last = false;
  if (sizes.size() == 1) sizes = {sizes[0], 1, 1};
  if (sizes.size() == 2) sizes = {1, sizes[0], sizes[1]};
  if (sizes.size() == 3 && !is_colour(sizes[0]) && is_colour(sizes[2])) {
    channels_last = shape.size() == 4;
    if (channels_last) sizes = {sizes[2], sizes[0], sizes[1]};
  }
  const bool fits = sizes.size() == 3 && shape[0] >= 1 && shape[0] <= kMostSamples && sizes[0] >= 1 &&
                    sizes[0] <= kMostChannels && std::min(sizes[1], sizes[2]) >= 1 &&
                    std::max(sizes[1], sizes[2]) <= kLongestSide;
  if (!fits)
    refuse(x, described(x),
           "samples x features, samples x height x width, or samples x channels x height x width, none of them empty");
  set.channels = static_cast<int>(sizes[0]);
  set.height = static_cast<int>(sizes[1]);
  set.width = static_cast<int>(sizes[2]);
  return channels_last;
}

// Visits the elements in the order [sample, channel, row, column].
template <class Visit>
void in_order(const ImageSet& set, std::int64_t samples, bool channels_last, Visit&& visit) {
  const std::int64_t channels = set.channels, area = std::int64_t{set.height} * set.width;
  for (std::int64_t i = 0; i < samples; ++i)
    for (std::int64_t c = 0; c < channels; ++c)
      for (std::int64_t p = 0; p < area; ++p)
        visit(channels_last ? (i * area + p) * channels + c : (i * channels + c) * area + p);
}

float finite(const NumberArray& x, std::int64_t element) {
  const auto value = static_cast<float>(x.number(element));
  if (!std::isfinite(value)) x.fail(element, fmt::format("{}", x.number(element)), "a finite number of 32 bits");
  return value;
}

void require_finite(const NumberArray& x) {
  for (std::int64_t i = 0; i < x.size(); ++i) finite(x, i);
}

// Whether training can read the array where it lies.
bool is_as_needed(const NumberArray& x, const ImageSet& set, bool channels_last) {
  if (channels_last && set.channels > 1) return false;
  if (x.type() == NumberArray::Type::u8) return true;
  return x.type() == NumberArray::Type::f32 && reinterpret_cast<std::uintptr_t>(x.bytes()) % alignof(float) == 0;
}

void read_x(const NumberArray& x, bool values, ImageSet& set) {
  const bool channels_last = read_sizes(x, set);
  set.has_values = x.type() != NumberArray::Type::u8;
  if (!values) return;
  const std::int64_t samples = x.shape()[0];
  if (is_as_needed(x, set, channels_last)) {
    if (set.has_values) require_finite(x);
    set.held = x.elements();
    return;
  }
  if (!set.has_values) {
    set.pixels.reserve(static_cast<std::size_t>(x.size()));
    in_order(set, samples, channels_last, [&](std::int64_t i) { set.pixels.push_back(x.bytes()[i]); });
    return;
  }
  set.values.reserve(static_cast<std::size_t>(x.size()));
  in_order(set, samples, channels_last, [&](std::int64_t i) { set.values.push_back(finite(x, i)); });
}

void require_list(const NumberArray& list, std::int64_t samples) {
  const bool is_list = !list.shape().empty() && list.shape().front() == samples && list.size() == samples;
  if (!is_list || !list.is_whole())
    refuse(list, described(list) + (list.is_whole() ? "" : " of fractions"),
           fmt::format("{} whole numbers, one a sample", samples));
}

ImageSet image_set(const Split& split, const std::string& place, const std::string& name, bool values) {
  if (!split.x || !split.y)
    throw UserError(Mistake{place, 0, fmt::format("no arrays x and y of the {} split", name),
                            "train.npz and test.npz with x and y; x_train.npy, y_train.npy, x_test.npy and y_test.npy; "
                            "or one .npz with arrays of those four names"});
  ImageSet set;
  read_x(*split.x, values, set);
  const std::int64_t samples = split.x->shape()[0];
  require_list(*split.y, samples);
  for (std::int64_t i = 0; i < samples; ++i) {
    const std::int64_t label = split.y->whole(i);
    if (label < 0 || label >= kMostClasses)
      split.y->fail(i, fmt::format("class {}", label), fmt::format("0 to {}", kMostClasses - 1));
    set.labels.push_back(static_cast<std::int32_t>(label));
  }
  if (!split.client) return set;
  require_list(*split.client, samples);
  std::map<std::int64_t, std::int32_t> clients;
  for (std::int64_t i = 0; i < samples; ++i) clients.emplace(split.client->whole(i), 0);
  std::int32_t next = 0;
  for (auto& [key, number] : clients) number = next++;
  for (std::int64_t i = 0; i < samples; ++i) set.groups.push_back(clients.at(split.client->whole(i)));
  return set;
}

}  // namespace

Dataset read_array_set(const std::string& place, bool values) {
  Dataset data;
  data.train_images = image_set(read_split(place, "train"), place, "training", values);
  data.test_images = image_set(read_split(place, "test"), place, "test", values);
  const ImageSet &train = data.train_images, &test = data.test_images;
  if (train.channels != test.channels || train.height != test.height || train.width != test.width ||
      train.has_values != test.has_values)
    throw UserError(Mistake{place, 0,
                            fmt::format("training samples of {} x {} x {} and test samples of {} x {} x {}{}",
                                        train.channels, train.height, train.width, test.channels, test.height,
                                        test.width, train.has_values == test.has_values ? "" : " of another type"),
                            "equal sizes, and bytes in both or in neither"});
  const auto most = [](const ImageSet& set) { return *std::max_element(set.labels.begin(), set.labels.end()); };
  data.classes = std::max(2, 1 + std::max(most(train), most(test)));
  return data;
}

void check_array_set(const std::string& place) {
  if (!fs::is_directory(place) || fs::exists(fs::path(place) / "train.npz") ||
      fs::exists(fs::path(place) / "x_train.npy"))
    return;
  throw UserError(Mistake{place, 0, "no train.npz and no x_train.npy", "arrays that numpy.savez or numpy.save wrote"});
}

}  // namespace msfusion
