#include "sim/shape/exits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/shape/step_memory.hpp"

namespace msfusion {

namespace {

std::size_t at_index(int i) {
  return static_cast<std::size_t>(i);
}

bool computes(const Op& op) {
  return std::holds_alternative<Conv2d>(op) || std::holds_alternative<Linear>(op) || std::holds_alternative<Lstm>(op);
}

// What belongs to the block that it follows.
bool follows_block(const Op& op) {
  return std::holds_alternative<BatchNorm>(op) || std::holds_alternative<GroupNorm>(op) ||
         std::holds_alternative<LayerNorm>(op) || std::holds_alternative<Relu>(op) ||
         std::holds_alternative<Gelu>(op) || std::holds_alternative<Activation>(op) ||
         std::holds_alternative<MaxPool2d>(op) || std::holds_alternative<AvgPool2d>(op) ||
         std::holds_alternative<Dropout>(op);
}

// Per layer: all later ones depend on its result alone.
std::vector<bool> waists(const Shape& shape) {
  const std::vector<int> readers = last_readers(shape);
  int furthest = -1;  // reader of what came before
  for (int i = 0; i < static_cast<int>(shape.layers.size()); ++i)
    for (const int input : shape.layers[at_index(i)].inputs)
      if (input == kModelInput) furthest = i;
  std::vector<bool> all;
  for (int i = 0; i < static_cast<int>(shape.layers.size()); ++i) {
    all.push_back(furthest <= i);
    furthest = std::max(furthest, readers[at_index(i)]);
  }
  return all;
}

// The last layer of each block.
std::vector<int> block_ends(const Shape& shape) {
  const std::vector<bool> is_waist = waists(shape);
  const int last = static_cast<int>(shape.layers.size()) - 1;
  std::vector<int> sums, all;
  for (int i = 0; i < last; ++i) {
    if (!is_waist[at_index(i)]) continue;
    const Op& op = shape.layers[at_index(i)].op;
    const bool is_sum = std::holds_alternative<Add>(op);
    if (is_sum) sums.push_back(i);
    if (is_sum || computes(op)) all.push_back(i);
  }
  std::vector<int> ends = sums.size() > 1 ? sums : all;
  for (int& end : ends)
    while (end + 1 < last && is_waist[at_index(end + 1)] && follows_block(shape.layers[at_index(end + 1)].op)) ++end;
  return ends;
}

// Per layer: its result is an image's channels, not one row of features or a row for each token.
std::vector<bool> maps(const Shape& shape) {
  std::vector<bool> all;
  for (const Layer& layer : shape.layers) {
    const int input = layer.inputs.front();
    const bool reads_map = input == kModelInput ? shape.input_kind == InputKind::image : all[at_index(input)];
    const bool ends_it = std::holds_alternative<Flatten>(layer.op) || std::holds_alternative<GlobalAvgPool>(layer.op) ||
                         std::holds_alternative<ToTokens>(layer.op) || std::holds_alternative<Linear>(layer.op);
    all.push_back(reads_map && !ends_it);
  }
  return all;
}

// Builds the layers anew, with the classifiers among them.
class Staging {
 public:
  Staging(Shape shape, int stages)
      : ends_(block_ends(shape)), is_map_(maps(shape)), old_(std::move(shape.layers)), shape_(std::move(shape)) {
    const int blocks = static_cast<int>(ends_.size());
    for (int s = 1; s <= stages; ++s) last_blocks_.push_back(s * blocks / stages - 1);
  }

  Shape run() && {
    const int stages = static_cast<int>(last_blocks_.size());
    shape_.layers.clear();
    shape_.stages.resize(last_blocks_.size());
    int stage = 0;
    for (int i = 0; i < static_cast<int>(old_.size()); ++i) {
      Layer layer = old_[at_index(i)];
      for (int& input : layer.inputs)
        if (input != kModelInput) input = place_[at_index(input)];
      layer.block = stage < stages ? stage : 2 * stages - 1;
      place_.push_back(push(std::move(layer)));
      if (stage >= stages || i != end_of(stage)) continue;
      if (stage + 1 < stages) add_exit(stage, i);
      ++stage;
    }
    shape_.stages.back().logits = static_cast<int>(shape_.layers.size()) - 1;
    note_blocks();
    give_units();
    return std::move(shape_);
  }

 private:
  int end_of(int stage) const { return ends_[at_index(last_blocks_[at_index(stage)])]; }
  int push(Layer layer) {
    shape_.layers.push_back(std::move(layer));
    return static_cast<int>(shape_.layers.size()) - 1;
  }
  int tensor(std::string name, std::vector<Dim> dims, double bound) {
    shape_.tensors.push_back({std::move(name), std::move(dims), {Init::Kind::uniform, bound}});
    return static_cast<int>(shape_.tensors.size()) - 1;
  }

  void add_exit(int stage, int end) {
    const Layer& own = old_.back();
    const std::string name = fmt::format("exit{}", stage + 1);
    const int unit = static_cast<int>(last_blocks_.size()) + stage;
    int from = place_[at_index(end)];
    Extent extent = old_[at_index(end)].out;
    if (own.out.positions() == 1 && (is_map_[at_index(end)] || extent.positions() > 1)) {
      extent.height = extent.width = 1;
      from = push({name + ".pool", GlobalAvgPool{}, {from}, {}, extent, unit});
    }
    if (extent.positions() != own.out.positions())
      throw UserError({"", 0,
                       fmt::format("layer {} has {} positions, and the model's classifier {}", old_[at_index(end)].name,
                                   extent.positions(), own.out.positions()),
                       "a model that keeps its number of tokens"});
    const Dim in = extent.features;
    const double bound = 1.0 / std::sqrt(static_cast<double>(in.size));
    extent.features = own.out.features;
    std::vector<int> tensors = {tensor(name + ".weight", {extent.features, in}, bound)};
    if (own.tensors.size() > 1) tensors.push_back(tensor(name + ".bias", {extent.features}, bound));
    shape_.stages[at_index(stage)].logits = push({name, Linear{}, {from}, std::move(tensors), extent, unit});
  }

  void note_blocks() {
    int first = 0, block = 0;
    for (std::size_t s = 0; s < last_blocks_.size(); ++s)
      for (; block <= last_blocks_[s]; ++block) {
        std::vector<int>& tensors = shape_.stages[s].blocks.emplace_back();
        for (; first <= ends_[at_index(block)]; ++first)
          tensors.insert(tensors.end(), old_[at_index(first)].tensors.begin(), old_[at_index(first)].tensors.end());
      }
  }

  // Stages, then classifiers, become the units of the depth axis.
  void give_units() {
    const int units = 2 * static_cast<int>(last_blocks_.size());
    shape_.blocks.assign(at_index(units), {kNoLayer, kNoLayer, kNoLayer});
    for (const Layer& layer : shape_.layers)
      for (const int t : layer.tensors) {
        int& block = shape_.tensors[at_index(t)].dims.front().block;
        if (block != kNoBlock && block != layer.block)
          throw UserError({"", 0, fmt::format("layer {} shares parameters with another stage", layer.name),
                           "a model whose stages and classifier have parameters of their own"});
        block = layer.block;
        int& first = shape_.blocks[at_index(block)].tensor;
        if (first == kNoLayer) first = t;
      }
    shape_.axes.push_back({"depth", units, true});
  }

  const std::vector<int> ends_;     // of the blocks: old layers
  const std::vector<bool> is_map_;  // per old layer
  const std::vector<Layer> old_;
  Shape shape_;
  std::vector<int> last_blocks_;  // of the stages
  std::vector<int> place_;        // per old layer: its new number
};

}  // namespace

Shape with_exits(Shape shape, std::optional<int> stages, bool inner_exits, bool averages_exits) {
  const int blocks = static_cast<int>(block_ends(shape).size());
  const int wanted = stages.value_or(std::clamp(blocks, 2, kUsualStages));
  if (wanted > blocks)
    throw UserError({"", 0,
                     fmt::format("{} stages, but model {} has {} block{} that a stage could end with", wanted,
                                 shape.name, blocks, blocks == 1 ? "" : "s"),
                     "a deeper model, or fewer stages, at least 2"});
  if (!std::holds_alternative<Linear>(shape.layers.back().op))
    throw UserError({"", 0, fmt::format("model {} does not end in a linear layer", shape.name), "one that does"});
  Shape staged = Staging(std::move(shape), wanted).run();
  staged.has_inner_exits = inner_exits;
  staged.averages_exits = averages_exits;
  return staged;
}

IndexSet first_stages(const Shape& shape, int stages) {
  const int all = static_cast<int>(shape.stages.size());
  if (stages == all && shape.has_inner_exits) return IndexSet::all(2 * all);
  std::vector<int> units(at_index(stages));
  std::iota(units.begin(), units.end(), 0);
  for (int s = shape.has_inner_exits ? 0 : stages - 1; s < stages; ++s) units.push_back(all + s);
  return IndexSet::subset(std::move(units), 2 * all);
}

int stages_of(const Shape& shape, const WidthSlice& slice) {
  int count = 0;
  for (int s = 0; s < static_cast<int>(shape.stages.size()); ++s) count += slice.axes.back().contains(s);
  return count;
}

}  // namespace msfusion
