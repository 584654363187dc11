#include "sim/shape/adapters.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/shape/start_values.hpp"

namespace msfusion {

namespace {

constexpr const char* kDown = ".lora_a";
constexpr const char* kUp = ".lora_b";
constexpr const char* kSum = ".lora";
constexpr const char* kWeight = ".weight";

bool is_adaptable(const Shape& shape, std::size_t layer) {
  return std::holds_alternative<Linear>(shape.layers[layer].op) && layer + 1 < shape.layers.size();
}

std::vector<std::string> adaptable_layers(const Shape& shape) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < shape.layers.size(); ++i)
    if (is_adaptable(shape, i)) names.push_back(shape.layers[i].name);
  return names;
}

// Per layer: it gets an adapter.
std::vector<bool> adapted_layers(const Shape& shape, const std::vector<std::string>& words) {
  std::vector<bool> chosen(shape.layers.size());
  const std::vector<std::string> names = adaptable_layers(shape);
  if (names.empty())
    throw UserError(Mistake{"", 0, "adapters for a model without dense layers in front of its classifier",
                            "a model that has some, or train=\"classifier\""});
  for (const std::string& word : words.empty() ? std::vector<std::string>{"dense"} : words) {
    const std::vector<bool> named = named_tensors_of(shape, {word});
    bool found = false;
    for (std::size_t i = 0; i < shape.layers.size(); ++i) {
      const bool is_meant = is_adaptable(shape, i) && named[static_cast<std::size_t>(shape.layers[i].tensors.front())];
      chosen[i] = chosen[i] || is_meant;
      found = found || is_meant;
    }
    if (!found)
      throw UserError(
          Mistake{"", 0, fmt::format("an adapter of '{}', which is no dense layer in front of the classifier", word),
                  "dense, attention, all, or " + one_of(word, names) + "; train trains other layers"});
  }
  return chosen;
}

// Leaves no width but those from `first` on to be cut.
void fix_widths(Shape& shape, AxisId first) {
  const auto fix = [&](Dim& dim) {
    if (dim.axis == kFixed) return;
    dim.axis -= first;
    if (dim.axis < 0) dim = {dim.size, kFixed, 1, 1};
  };
  for (ParameterTensor& tensor : shape.tensors)
    for (Dim& dim : tensor.dims) fix(dim);
  for (Layer& layer : shape.layers) fix(layer.out.features);
  shape.axes.erase(shape.axes.begin(), shape.axes.begin() + first);
}

// Builds the layers anew, with those of the adapters among them.
class Adapting {
 public:
  Adapting(Shape shape, int rank) : old_(std::move(shape.layers)), shape_(std::move(shape)), rank_(rank) {}

  Shape run(const std::vector<bool>& chosen) && {
    shape_.layers.clear();
    for (std::size_t i = 0; i < old_.size(); ++i) {
      Layer layer = old_[i];
      for (int& input : layer.inputs)
        if (input != kModelInput) input = place_[static_cast<std::size_t>(input)];
      place_.push_back(push(layer));
      if (chosen[i]) place_.back() = adapt(layer, place_.back());
    }
    return std::move(shape_);
  }

 private:
  int push(Layer layer) {
    shape_.layers.push_back(std::move(layer));
    return static_cast<int>(shape_.layers.size()) - 1;
  }
  int tensor(const std::string& layer, std::vector<Dim> dims, Init init) {
    shape_.tensors.push_back({layer + kWeight, std::move(dims), init});
    return static_cast<int>(shape_.tensors.size()) - 1;
  }

  int adapt(const Layer& layer, int at) {
    const ParameterTensor weight = shape_.tensors[static_cast<std::size_t>(layer.tensors.front())];
    const Dim out = weight.dims[0], in = weight.dims[1];
    shape_.axes.push_back({layer.name + kSum, rank_});
    const Dim rank{rank_, static_cast<AxisId>(shape_.axes.size()) - 1, 1, 1};
    const std::string down = layer.name + kDown, up = layer.name + kUp;
    const int a = tensor(down, {rank, in}, {Init::Kind::uniform, 1.0 / std::sqrt(static_cast<double>(in.size))});
    const int b = tensor(up, {out, rank}, {Init::Kind::constant, 0});
    Extent narrow = layer.out;
    narrow.features = rank;
    const int first = push({down, Linear{}, layer.inputs, {a}, narrow});
    const int second = push({up, Linear{}, {first}, {b}, layer.out});
    shape_.adapters.push_back({layer.tensors.front(), a, b});
    return push({layer.name + kSum, Add{}, {at, second}, {}, layer.out});
  }

  const std::vector<Layer> old_;
  Shape shape_;
  const int rank_;
  std::vector<int> place_;  // per old layer: the one whose result replaces its own
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// w += b a.
void add_product(NamedTensor& w, const NamedTensor& b, const NamedTensor& a) {
  const auto rows = static_cast<std::size_t>(w.sizes[0]), columns = static_cast<std::size_t>(w.sizes[1]);
  const auto rank = static_cast<std::size_t>(a.sizes[0]);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      double sum = 0;
      for (std::size_t k = 0; k < rank; ++k)
        sum += static_cast<double>(b.values[r * rank + k]) * static_cast<double>(a.values[k * columns + c]);
      w.values[r * columns + c] += static_cast<float>(sum);
    }
}

}  // namespace

Shape with_adapters(Shape shape, const AdapterOptions& options) {
  if (options.rank == 0) return shape;
  const std::vector<bool> chosen = adapted_layers(shape, options.layers);
  const auto widths = static_cast<AxisId>(shape.axes.size());
  Shape adapted = Adapting(std::move(shape), options.rank).run(chosen);
  if (options.cut == AdapterOptions::Cut::rank) fix_widths(adapted, widths);
  return adapted;
}

TensorFile merged_adapters(TensorFile file) {
  std::unordered_map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < file.tensors.size(); ++i) places[file.tensors[i].name] = i;
  std::vector<bool> is_merged(file.tensors.size());
  const std::string end = std::string(kDown) + kWeight;
  for (const auto& [name, place] : places) {
    if (!ends_with(name, end)) continue;
    const std::string layer = name.substr(0, name.size() - end.size());
    const auto up = places.find(layer + kUp + kWeight), weight = places.find(layer + kWeight);
    if (up == places.end() || weight == places.end()) continue;
    const NamedTensor &a = file.tensors[place], &b = file.tensors[up->second];
    NamedTensor& w = file.tensors[weight->second];
    const bool fits = w.sizes.size() == 2 && a.sizes.size() == 2 && b.sizes.size() == 2 && a.sizes[1] == w.sizes[1] &&
                      b.sizes[0] == w.sizes[0] && a.sizes[0] == b.sizes[1];
    if (!fits) continue;
    add_product(w, b, a);
    is_merged[place] = is_merged[up->second] = true;
  }
  std::vector<NamedTensor> kept;
  for (std::size_t i = 0; i < file.tensors.size(); ++i)
    if (!is_merged[i]) kept.push_back(std::move(file.tensors[i]));
  file.tensors = std::move(kept);
  return file;
}

}  // namespace msfusion
