#include "sim/shape/step_memory.hpp"

#include <algorithm>
#include <memory>

#include "sim/base/overloaded.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kIndexBytes = 8;  // LibTorch's positions, tokens and classes are int64

std::size_t at_index(int i) {
  return static_cast<std::size_t>(i);
}

// Counts what is held, moment by moment.
class Meter {
 public:
  void change(const HeldBytes& by, std::int64_t sign) {
    held_.per_sample += sign * by.per_sample;
    held_.per_step += sign * by.per_step;
    if (sign > 0) moments_.push_back(held_);
  }

  /// Only those that may be the largest, and a new beginning.
  Moments take() {
    std::sort(moments_.begin(), moments_.end(), [](const HeldBytes& a, const HeldBytes& b) {
      return a.per_sample != b.per_sample ? a.per_sample > b.per_sample : a.per_step > b.per_step;
    });
    Moments largest;
    for (const HeldBytes& moment : moments_)
      if (largest.empty() || moment.per_step > largest.back().per_step) largest.push_back(moment);
    moments_.clear();
    return largest;
  }

 private:
  HeldBytes held_;
  Moments moments_;
};

// Memory that is held while anything refers to it.
class Block {
 public:
  Block(Meter& meter, const HeldBytes& size) : meter_(meter), size_(size) { meter_.change(size_, 1); }
  ~Block() { meter_.change(size_, -1); }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

 private:
  Meter& meter_;
  HeldBytes size_;
};
using Held = std::shared_ptr<const Block>;

class Step {
 public:
  Step(const Shape& shape, const WidthSlice& slice)
      : shape_(shape),
        slice_(slice),
        overwrites_(overwriting_relus(shape)),
        last_reader_(last_readers(shape)),
        sample_(is_tokens() ? samples(shape.input.positions() * kIndexBytes) : floats(kModelInput)),
        target_(samples((is_tokens() ? shape.input.positions() : 1) * kIndexBytes)),
        saved_(shape.layers.size()),
        gradients_(shape.layers.size()),
        needs_gradient_(shape.layers.size()) {
    for (std::size_t i = 0; i < shape.layers.size(); ++i) {
      const Layer& layer = shape.layers[i];
      has_convolution_ = has_convolution_ || std::holds_alternative<Conv2d>(layer.op);
      needs_gradient_[i] = std::any_of(layer.tensors.begin(), layer.tensors.end(),
                                       [&](int tensor) { return shape.tensors[at_index(tensor)].is_trained; });
      for (const int input : layer.inputs) needs_gradient_[i] = needs_gradient_[i] || wants_gradient(input);
    }
  }

  Moments run(bool gathers, LastLayer kind) {
    const std::vector<Held> results = forward(true);
    const int last = static_cast<int>(shape_.layers.size()) - 1;
    std::vector<int> outputs = {last};
    if (!shape_.stages.empty()) outputs.clear();
    for (const Stage& stage : shape_.stages) outputs.push_back(stage.logits);
    std::vector<Held> losses;
    for (const int output : outputs)
      if (kind == LastLayer::logits) losses.push_back(floats(output, held_by_loss(outputs.size())));
    if (kind == LastLayer::logits && outputs.size() > 1) losses.push_back(floats(last, shape_.averages_exits ? 4 : 2));
    for (const int output : outputs) gradients_[at_index(output)] = floats(output);
    losses.clear();
    for (int i = last; i >= 0; --i) {
      const Held gradient = std::move(gradients_[at_index(i)]);
      if (needs_gradient_[at_index(i)]) backward(i, gradient);
      saved_[at_index(i)].clear();
      if (gathers) parameter_gradients_.clear();
    }
    return meter_.take();
  }

  Moments run_frozen() {
    const std::vector<Held> results = forward(true);
    meter_.take();
    forward(false);
    return meter_.take();
  }

 private:
  bool is_tokens() const { return shape_.input_kind == InputKind::tokens; }
  const Layer& layer(int i) const { return shape_.layers[at_index(i)]; }
  const Extent& extent(int i) const { return i == kModelInput ? shape_.input : layer(i).out; }
  bool wants_gradient(int i) const { return i != kModelInput && needs_gradient_[at_index(i)]; }
  std::int64_t elements(int i) const {
    return static_cast<std::int64_t>(sliced_size(extent(i).features, slice_)) * extent(i).positions();
  }
  std::int64_t count(int tensor) const {
    std::int64_t total = 1;
    for (const Dim& dim : shape_.tensors[at_index(tensor)].dims) total *= sliced_size(dim, slice_);
    return total;
  }

  Held samples(std::int64_t bytes) { return std::make_shared<Block>(meter_, HeldBytes{bytes, 0}); }
  Held floats(int i, std::int64_t times = 1) { return samples(times * elements(i) * kFloatBytes); }
  Held weights(int tensor) { return std::make_shared<Block>(meter_, HeldBytes{0, count(tensor) * kFloatBytes}); }

  // How often a classifier's logits are held by a loss: as logarithms and on the way to them. Of several classifiers
  // also as predictions that others learn from: all of them or, where none is averaged, the deepest one's.
  std::int64_t held_by_loss(std::size_t outputs) const {
    if (outputs == 1) return 2;
    return shape_.averages_exits ? 3 : 1;
  }

  // The logits of all classifiers, and the representation that the last layer reads.
  std::vector<Held> forward(bool trains) {
    std::vector<Held> results(shape_.layers.size());
    Held representation;
    const int last = static_cast<int>(shape_.layers.size()) - 1;
    for (int i = 0; i <= last; ++i) {
      std::vector<Held> in;
      for (const int from : layer(i).inputs) in.push_back(from == kModelInput ? sample_ : results[at_index(from)]);
      if (i == last) representation = in.front();
      std::vector<Held> kept;
      results[at_index(i)] = result(i, in, kept);
      if (trains && needs_gradient_[at_index(i)]) saved_[at_index(i)] = std::move(kept);
      for (const int from : layer(i).inputs)
        if (from != kModelInput && last_reader_[at_index(from)] == i) results[at_index(from)].reset();
    }
    std::vector<Held> kept = {results.back(), representation};
    for (const Stage& stage : shape_.stages) kept.push_back(results[at_index(stage.logits)]);
    return kept;
  }

  // A layer's result, and in `kept` what its backward pass will need.
  Held result(int i, const std::vector<Held>& in, std::vector<Held>& kept) {
    const Held& x = in.front();
    const auto keeping = [&kept](std::vector<Held> what, Held result) {
      kept = std::move(what);
      return result;
    };
    return std::visit(
        Overloaded{
            [&](const Relu&) {
              if (is_part_of_norm(i)) return x;
              const Held out = overwrites_[at_index(i)] ? x : floats(i);
              return keeping({out}, out);
            },
            [&](const MaxPool2d&) {
              const Held out = floats(i);
              return keeping({x, samples(elements(i) * kIndexBytes)}, out);
            },
            [&](const Flatten&) { return is_copied(i) ? floats(i) : x; },
            [&](const ToTokens&) { return x; },
            [&](const Activation& op) {
              const Held out = floats(i);
              const bool keeps_result = op.kind == Activation::Kind::tanh || op.kind == Activation::Kind::sigmoid;
              return keeping({keeps_result ? out : x}, out);
            },
            [&](const Attention& op) {
              const std::int64_t tokens = layer(i).out.positions();
              const Held shares = samples(tokens * tokens * op.heads * kFloatBytes);
              return keeping({in[0], in[1], in[2], shares}, floats(i));
            },
            [&](const Dropout& op) {
              if (op.probability <= 0) return x;
              const Held mask = floats(i);
              return keeping({mask}, floats(i));
            },
            [&](const Lstm&) {
              // All steps' products of the input; per step four gates, the cell's state, its hyperbolic
              // tangent and the result, which is then copied together.
              const Held products = floats(i, 4), steps = floats(i, 7);
              return keeping({floats(layer(i).inputs.front()), steps}, floats(i));
            },
            [&](const Linear&) {
              // A recurrent layer's result lies step by step; its rows are copied into order.
              return keeping({is_recurrent(layer(i).inputs.front()) ? floats(layer(i).inputs.front()) : x}, floats(i));
            },
            [&](const GlobalAvgPool&) { return floats(i); },
            [&](const Add&) { return floats(i); },
            [&](const Concat&) { return floats(i); },
            [&](const ClassToken&) { return floats(i); },
            [&](const FirstToken&) { return floats(i); },
            [&](const PositionEmbedding&) { return floats(i); },
            [&](const auto&) { return keeping({x}, floats(i)); },
        },
        layer(i).op);
  }

  bool is_recurrent(int i) const { return i != kModelInput && std::holds_alternative<Lstm>(layer(i).op); }

  // What lies channel by channel is flattened without a copy; images before convolutions do not.
  bool is_copied(int i) const {
    const int input = layer(i).inputs.front();
    return has_convolution_ && extent(input).positions() > 1 && sliced_size(extent(input).features, slice_) > 1;
  }

  // A batch norm does its ReLU's work, too, both ways.
  bool is_part_of_norm(int i) const {
    return overwrites_[at_index(i)] && std::holds_alternative<BatchNorm>(layer(layer(i).inputs.front()).op);
  }

  bool passes_gradient_on(int i) const {
    return std::visit(Overloaded{
                          [](const Add&) { return true; },
                          [](const Flatten&) { return true; },
                          [](const ToTokens&) { return true; },
                          [](const Concat&) { return true; },
                          [](const ClassToken&) { return true; },
                          [](const PositionEmbedding&) { return true; },
                          [](const Dropout& op) { return op.probability <= 0; },
                          [&](const Relu&) { return is_part_of_norm(i); },
                          [](const auto&) { return false; },
                      },
                      layer(i).op);
  }

  void backward(int i, const Held& gradient) {
    if (is_recurrent(i)) backward_through_steps(i);
    const Held gates = is_recurrent(i) ? floats(i, 8) : Held();
    for (const int tensor : layer(i).tensors)
      if (shape_.tensors[at_index(tensor)].is_trained) parameter_gradients_.push_back(weights(tensor));
    std::vector<int> wanting;
    for (const int input : layer(i).inputs)
      if (wants_gradient(input)) wanting.push_back(input);
    for (const int input : wanting) {
      const Held own = passes_gradient_on(i) ? gradient : floats(input);
      Held& sum = gradients_[at_index(input)];
      // Where others refer to what is there already, the sum is a new tensor.
      if (!sum)
        sum = own;
      else if (sum.use_count() > 1)
        sum = floats(input);
    }
  }

  // Each step adds to the gradient of the recurrent weights, and what it kept is free behind it. In the end the gates'
  // gradients are there for every step, and once more together.
  void backward_through_steps(int i) {
    const int recurrent = layer(i).tensors[1];
    const Held sum = weights(recurrent), of_step = weights(recurrent);
    saved_[at_index(i)].pop_back();
  }

  const Shape& shape_;
  const WidthSlice& slice_;
  const std::vector<bool> overwrites_;
  const std::vector<int> last_reader_;
  bool has_convolution_ = false;
  Meter meter_;
  const Held sample_, target_;
  std::vector<std::vector<Held>> saved_;  // per layer, for its backward pass
  std::vector<Held> gradients_;           // per layer, of its result
  std::vector<Held> parameter_gradients_;
  std::vector<bool> needs_gradient_;
};

// Layers whose backward pass does not look at their own result.
bool forgets_result(const Op& op) {
  return std::holds_alternative<Conv2d>(op) || std::holds_alternative<Linear>(op) || std::holds_alternative<Add>(op) ||
         std::holds_alternative<BatchNorm>(op) || std::holds_alternative<GroupNorm>(op) ||
         std::holds_alternative<LayerNorm>(op);
}

// A block that is left out gives its input, which others may need.
bool may_pass_on(const Layer& layer) {
  return layer.block != kNoBlock && std::holds_alternative<Add>(layer.op);
}

}  // namespace

StepMemory step_memory(const Shape& shape, const WidthSlice& slice, LastLayer last) {
  return {Step(shape, slice).run(false, last), Step(shape, slice).run(true, last), Step(shape, slice).run_frozen()};
}

std::vector<bool> overwriting_relus(const Shape& shape) {
  std::vector<int> readers(shape.layers.size(), 0);
  for (const Layer& layer : shape.layers)
    for (const int input : layer.inputs)
      if (input != kModelInput) ++readers[at_index(input)];
  std::vector<bool> overwrites(shape.layers.size());
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const int input = shape.layers[i].inputs.front();
    overwrites[i] = std::holds_alternative<Relu>(shape.layers[i].op) && input != kModelInput &&
                    readers[at_index(input)] == 1 && forgets_result(shape.layers[at_index(input)].op) &&
                    !may_pass_on(shape.layers[at_index(input)]);
  }
  return overwrites;
}

std::vector<int> last_readers(const Shape& shape) {
  const int layers = static_cast<int>(shape.layers.size());
  std::vector<int> last(shape.layers.size(), layers);
  for (int i = 0; i < layers; ++i)
    for (const int input : shape.layers[at_index(i)].inputs)
      if (input != kModelInput) last[at_index(input)] = i;
  return last;
}

}  // namespace msfusion
