#include "sim/shape/start_values.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "sim/base/error.hpp"
#include "sim/base/overloaded.hpp"
#include "sim/base/spelling.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostMistakes = 20;

const char* kind_of(const Op& op) {
  return std::visit(Overloaded{
                        [](const Conv2d&) { return "conv"; },
                        [](const Linear&) { return "dense"; },
                        [](const BatchNorm&) { return "norm"; },
                        [](const GroupNorm&) { return "norm"; },
                        [](const LayerNorm&) { return "norm"; },
                        [](const Embedding&) { return "embedding"; },
                        [](const PositionEmbedding&) { return "positions"; },
                        [](const Lstm&) { return "lstm"; },
                        [](const auto&) { return ""; },
                    },
                    op);
}

// Query, key, value or projection.
bool is_part_of_attention(const Shape& shape, const Layer& layer) {
  const auto is_attention = [](const Layer& other) { return std::holds_alternative<Attention>(other.op); };
  if (!std::holds_alternative<Linear>(layer.op)) return false;
  const int input = layer.inputs.front();
  if (input != kModelInput && is_attention(shape.layers[static_cast<std::size_t>(input)])) return true;
  const int own = static_cast<int>(&layer - shape.layers.data());
  return std::any_of(shape.layers.begin(), shape.layers.end(), [&](const Layer& other) {
    return is_attention(other) && std::count(other.inputs.begin(), other.inputs.end(), own) > 0;
  });
}

bool names(const std::string& word, const Shape& shape, const Layer& layer) {
  if (word == "attention" && is_part_of_attention(shape, layer)) return true;
  return word == "all" || word == layer.name || layer.name.rfind(word + ".", 0) == 0 || word == kind_of(layer.op) ||
         (word == "classifier" && &layer == &shape.layers.back());
}

// What a user may say: kinds, layers and what their names begin with.
std::vector<std::string> all_words(const Shape& shape) {
  std::set<std::string> words;
  for (const Layer& layer : shape.layers) {
    if (layer.tensors.empty()) continue;
    words.insert(layer.name.substr(0, layer.name.find('.')));
    if (*kind_of(layer.op) != '\0') words.insert(kind_of(layer.op));
    if (is_part_of_attention(shape, layer)) words.insert("attention");
  }
  words.insert({"all", "classifier"});
  return {words.begin(), words.end()};
}

std::vector<std::int64_t> sizes_of(const ParameterTensor& tensor) {
  std::vector<std::int64_t> sizes;
  for (const Dim& dim : tensor.dims) sizes.push_back(dim.size);
  return sizes;
}

}  // namespace

std::vector<bool> named_tensors_of(const Shape& shape, const std::vector<std::string>& words) {
  std::vector<bool> named(shape.tensors.size());
  for (const std::string& word : words) {
    bool found = false;
    for (const Layer& layer : shape.layers) {
      if (layer.tensors.empty() || !names(word, shape, layer)) continue;
      found = true;
      for (const int tensor : layer.tensors) named[static_cast<std::size_t>(tensor)] = true;
    }
    if (!found)
      throw UserError(Mistake{"", 0, fmt::format("the model has no layer '{}' with parameters", word),
                              "layers, beginnings of their names and kinds: " + one_of(word, all_words(shape))});
  }
  return named;
}

void keep_trained(Shape& shape, const std::vector<std::string>& words) {
  if (words.empty() && shape.adapters.empty()) return;
  std::vector<bool> trained = named_tensors_of(shape, words);
  for (const Adapter& adapter : shape.adapters)
    trained[static_cast<std::size_t>(adapter.down)] = trained[static_cast<std::size_t>(adapter.up)] = true;
  for (std::size_t t = 0; t < trained.size(); ++t) shape.tensors[t].is_trained = trained[t];
}

void check_start_values(const TensorFile& values, const std::string& file, const Shape& shape,
                        const std::vector<std::string>& fresh) {
  std::vector<bool> is_fresh = named_tensors_of(shape, fresh);
  for (const Adapter& adapter : shape.adapters)
    is_fresh[static_cast<std::size_t>(adapter.down)] = is_fresh[static_cast<std::size_t>(adapter.up)] = true;
  std::vector<Mistake> mistakes;
  for (std::size_t t = 0; t < shape.tensors.size() && mistakes.size() < kMostMistakes; ++t) {
    if (is_fresh[t]) continue;
    const std::string& name = shape.tensors[t].name;
    const std::vector<std::int64_t> sizes = sizes_of(shape.tensors[t]);
    const auto found = std::find_if(values.tensors.begin(), values.tensors.end(),
                                    [&](const NamedTensor& tensor) { return tensor.name == name; });
    if (found == values.tensors.end())
      mistakes.push_back({file, 0, fmt::format("no tensor \"{}\"", name),
                          fmt::format("{} floats, or its layer in fresh", fmt::join(sizes, " x "))});
    else if (found->sizes != sizes)
      mistakes.push_back({file, 0, fmt::format("tensor \"{}\" of {}", name, fmt::join(found->sizes, " x ")),
                          fmt::format("{} in this model, or its layer in fresh", fmt::join(sizes, " x "))});
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

TensorFile without_fresh(TensorFile values, const Shape& shape, const std::vector<std::string>& fresh) {
  const std::vector<bool> is_fresh = named_tensors_of(shape, fresh);
  std::set<std::string> names;
  for (std::size_t t = 0; t < is_fresh.size(); ++t)
    if (is_fresh[t]) names.insert(shape.tensors[t].name);
  values.tensors.erase(std::remove_if(values.tensors.begin(), values.tensors.end(),
                                      [&](const NamedTensor& tensor) { return names.count(tensor.name) > 0; }),
                       values.tensors.end());
  return values;
}

}  // namespace msfusion
