#include "sim/shape/depth.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

std::size_t at_index(int i) {
  return static_cast<std::size_t>(i);
}

// Looks for the block that a sum ends.
class BlockSearch {
 public:
  BlockSearch(const Shape& shape, int sum) : shape_(shape), sum_(sum), inside_(shape.layers.size(), false) {}

  /// Whether the sum's input `shortcut` enters a block whose branch ends in `end`. If not, why() says the reason.
  bool finds(int end, int shortcut) {
    std::fill(inside_.begin(), inside_.end(), false);
    return end != shortcut && reaches(end, shortcut) && is_alone() && has_tensor();
  }

  bool holds(int layer) const { return inside_[at_index(layer)]; }
  int tensor() const { return tensor_; }
  const std::string& why() const { return why_; }

 private:
  const Layer& layer(int i) const { return shape_.layers[at_index(i)]; }
  bool refuse(std::string why) {
    why_ = std::move(why);
    return false;
  }

  bool reaches(int end, int shortcut) {
    std::vector<int> open = {end};
    while (!open.empty()) {
      const int i = open.back();
      open.pop_back();
      if (i == shortcut || (i != kModelInput && holds(i))) continue;
      if (i == kModelInput || i < shortcut) {
        if (why_.empty()) why_ = "no input reaches it unchanged: without the branch nothing has the sum's shape";
        return false;
      }
      if (layer(i).block != kNoBlock)
        return refuse(fmt::format("its branch has a block of its own, {}",
                                  layer(shape_.blocks[at_index(layer(i).block)].sum).name));
      inside_[at_index(i)] = true;
      open.insert(open.end(), layer(i).inputs.begin(), layer(i).inputs.end());
    }
    return true;
  }

  bool is_alone() {
    for (int i = 0; i < static_cast<int>(shape_.layers.size()); ++i) {
      if (holds(i) || i == sum_) continue;
      for (const int input : layer(i).inputs)
        if (input != kModelInput && holds(input))
          return refuse(fmt::format("layer {} reads {}, which is in its branch", layer(i).name, layer(input).name));
      for (const int tensor : layer(i).tensors)
        for (int j = 0; j < static_cast<int>(shape_.layers.size()); ++j)
          if (holds(j) && std::count(layer(j).tensors.begin(), layer(j).tensors.end(), tensor) > 0)
            return refuse(fmt::format("its branch shares parameters with layer {}", layer(i).name));
    }
    return true;
  }

  bool has_tensor() {
    for (int i = 0; i < static_cast<int>(shape_.layers.size()); ++i)
      if (holds(i) && !layer(i).tensors.empty()) {
        tensor_ = layer(i).tensors.front();
        return true;
      }
    return refuse("its branch has no parameters");
  }

  const Shape& shape_;
  int sum_;
  std::vector<bool> inside_;
  int tensor_ = 0;
  std::string why_;
};

void add_block(Shape& shape, const BlockSearch& search, const Block& block) {
  const int number = static_cast<int>(shape.blocks.size());
  for (int i = 0; i < static_cast<int>(shape.layers.size()); ++i) {
    Layer& layer = shape.layers[at_index(i)];
    if (!search.holds(i) && i != block.sum) continue;
    layer.block = number;
    for (const int tensor : layer.tensors) shape.tensors[at_index(tensor)].dims.front().block = number;
  }
  shape.blocks.push_back(block);
}

}  // namespace

Shape with_depth(Shape shape) {
  std::vector<std::string> reasons;
  for (int sum = 0; sum + 1 < static_cast<int>(shape.layers.size()); ++sum) {
    if (!std::holds_alternative<Add>(shape.layers[at_index(sum)].op)) continue;
    const std::vector<int> inputs = shape.layers[at_index(sum)].inputs;
    BlockSearch search(shape, sum);
    std::optional<Block> block;
    for (const std::size_t which : {0u, 1u})
      if (!block && search.finds(inputs[1 - which], inputs[which])) block = Block{sum, inputs[which], search.tensor()};
    if (block)
      add_block(shape, search, *block);
    else
      reasons.push_back(fmt::format("sum {}: {}", shape.layers[at_index(sum)].name, search.why()));
  }
  if (shape.blocks.empty())
    throw UserError({"", 0,
                     fmt::format("model {} has no residual block that could be left out{}{}", shape.name,
                                 reasons.empty() ? "" : "; ", fmt::join(reasons, "; ")),
                     "a model with sums whose shortcut changes nothing, or no depth"});
  shape.axes.push_back({"depth", static_cast<int>(shape.blocks.size()), true});
  return shape;
}

Shape kept_layers(const Shape& shape, const WidthSlice& slice) {
  Shape kept = shape;
  kept.layers.clear();
  kept.blocks.clear();
  std::vector<int> places(shape.layers.size(), kModelInput);
  const auto place_of = [&](int layer) { return layer == kModelInput ? kModelInput : places[at_index(layer)]; };
  for (int i = 0; i < static_cast<int>(shape.layers.size()); ++i) {
    Layer layer = shape.layers[at_index(i)];
    if (layer.block != kNoBlock && !slice.axes.back().contains(layer.block)) {
      const Block& block = shape.blocks[at_index(layer.block)];
      if (i == block.sum) places[at_index(i)] = place_of(block.shortcut);
      continue;
    }
    for (int& input : layer.inputs) input = place_of(input);
    places[at_index(i)] = static_cast<int>(kept.layers.size());
    kept.layers.push_back(std::move(layer));
  }
  kept.stages.clear();
  for (std::size_t s = 0; s < shape.stages.size(); ++s) {
    if (!slice.axes.back().contains(static_cast<int>(shape.stages.size() + s))) continue;
    kept.stages.push_back(shape.stages[s]);
    kept.stages.back().logits = place_of(shape.stages[s].logits);
  }
  return kept;
}

}  // namespace msfusion
