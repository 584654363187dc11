#include "sim/learn/training/net.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "sim/base/overloaded.hpp"
#include "sim/learn/kernels/attention.hpp"
#include "sim/learn/kernels/batch_norm.hpp"
#include "sim/learn/kernels/convolution.hpp"
#include "sim/learn/kernels/depthwise.hpp"
#include "sim/learn/kernels/dropout.hpp"
#include "sim/learn/kernels/linear.hpp"
#include "sim/learn/kernels/max_pool.hpp"
#include "sim/learn/kernels/product.hpp"
#include "sim/shape/step_memory.hpp"

namespace msfusion {

namespace {

constexpr double kNormEpsilon = 1e-5;

std::size_t at_index(int i) {
  return static_cast<std::size_t>(i);
}

std::int64_t largest_divisor(std::int64_t channels, std::int64_t at_most) {
  for (std::int64_t groups = std::min(channels, at_most); groups > 1; --groups)
    if (channels % groups == 0) return groups;
  return 1;
}

at::Tensor with_statistics(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, Pass::Norm norm,
                           NormStatistics& statistics) {
  const bool collects = norm == Pass::Norm::collect;
  if (collects) statistics = {at::zeros_like(weight), at::ones_like(weight)};
  return at::batch_norm(x, weight, bias, statistics.mean, statistics.variance, collects, 1, kNormEpsilon, false);
}

at::Tensor batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const Pass& pass,
                      NormStatistics* statistics, AfterNorm after) {
  // A larger epsilon has the effect of dividing the activations by the scaler, and saves a copy.
  if (pass.norm == Pass::Norm::batch)
    return batch_norm(x, weight, bias, kNormEpsilon * pass.scaler * pass.scaler, after);
  at::Tensor normed = with_statistics(pass.scaler == 1 ? x : x / pass.scaler, weight, bias, pass.norm, *statistics);
  return after == AfterNorm::relu ? normed.relu_() : normed;
}

at::Tensor activation(const at::Tensor& x, Activation::Kind kind) {
  switch (kind) {
    case Activation::Kind::relu6:
      return at::hardtanh(x, 0, 6);
    case Activation::Kind::silu:
      return at::silu(x);
    case Activation::Kind::tanh:
      return at::tanh(x);
    case Activation::Kind::hard_sigmoid:
      return at::hardsigmoid(x);
    case Activation::Kind::hard_swish:
      return at::hardswish(x);
    case Activation::Kind::sigmoid:
      break;
  }
  return at::sigmoid(x);
}

}  // namespace

struct Net::Frame {
  std::vector<at::Tensor> in;
  std::vector<at::Tensor> parameters;
  const Pass& pass;
  at::Tensor bias(std::size_t i) const { return i < parameters.size() ? parameters[i] : at::Tensor(); }
};

Net::Net(const Shape& shape)
    : shape_(shape),
      last_reader_(last_readers(shape)),
      may_overwrite_(overwriting_relus(shape)),
      fuses_relu_(shape.layers.size()),
      is_exit_(shape.layers.size()) {
  for (const Stage& stage : shape.stages) is_exit_[at_index(stage.logits)] = true;
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const Layer& layer = shape.layers[i];
    has_batch_norm_ |= std::holds_alternative<BatchNorm>(layer.op);
    has_convolution_ |= std::holds_alternative<Conv2d>(layer.op);
    if (!may_overwrite_[i]) continue;
    const std::size_t input = at_index(layer.inputs.front());
    fuses_relu_[input] = std::holds_alternative<BatchNorm>(shape.layers[input].op);
  }
}

bool Net::can_group() const {
  return shape_.stages.empty() && ignores_alignment() &&
         std::all_of(shape_.layers.begin(), shape_.layers.end(), [](const Layer& layer) {
           return std::holds_alternative<Linear>(layer.op) || std::holds_alternative<Relu>(layer.op) ||
                  std::holds_alternative<Flatten>(layer.op);
         });
}

at::Tensor Net::apply(int index, const Frame& frame) const {
  const Layer& layer = shape_.layers[at_index(index)];
  const Pass& pass = frame.pass;
  const at::Tensor& x = frame.in.front();
  const auto scaled = [&] { return pass.scaler == 1 ? x : x / pass.scaler; };
  return std::visit(
      Overloaded{
          [&](const Conv2d& op) {
            if (op.groups > 1)
              return at::conv2d(x, frame.parameters[0], frame.bias(1), op.stride, op.padding, 1, op.groups);
            return op.depthwise ? depthwise_convolution(x, frame.parameters[0], frame.bias(1), op.stride, op.padding)
                                : convolution(x, frame.parameters[0], frame.bias(1), op.stride, op.padding);
          },
          [&](const Linear&) {
            const at::Tensor rows = x.dim() == 4 ? x.flatten(1) : x;
            return pass.rows ? grouped_linear(rows, frame.parameters[0], frame.bias(1), *pass.rows)
                             : linear(rows, frame.parameters[0], frame.bias(1));
          },
          [&](const BatchNorm&) {
            NormStatistics* statistics = pass.statistics ? &(*pass.statistics)[at_index(index)] : nullptr;
            const AfterNorm after = fuses_relu_[at_index(index)] ? AfterNorm::relu : AfterNorm::nothing;
            return batch_norm(x, frame.parameters[0], frame.parameters[1], pass, statistics, after);
          },
          [&](const GroupNorm& op) {
            return at::group_norm(scaled(), largest_divisor(x.size(1), op.groups), frame.parameters[0],
                                  frame.parameters[1], kNormEpsilon, false);
          },
          [&](const LayerNorm&) {
            return at::layer_norm(scaled(), {x.size(-1)}, frame.parameters[0], frame.parameters[1], kNormEpsilon,
                                  false);
          },
          [&](const Relu&) {
            if (layer.inputs.front() != kModelInput && fuses_relu_[at_index(layer.inputs.front())]) return x;
            if (!may_overwrite_[at_index(index)]) return at::relu(x);
            at::Tensor same = x;
            return same.relu_();
          },
          [&](const Gelu&) { return at::gelu(x); },
          [&](const Activation& op) { return activation(x, op.kind); },
          [&](const MaxPool2d& op) {
            return op.padding == 0 ? max_pool(x, op.kernel, op.stride)
                                   : at::max_pool2d(x, op.kernel, op.stride, op.padding);
          },
          [&](const AvgPool2d& op) { return at::avg_pool2d(x, op.kernel, op.stride, op.padding); },
          [&](const GlobalAvgPool&) {
            return x.dim() == 3 ? at::mean(x, {1}) : at::mean(x, {2, 3});
          },
          [&](const Flatten&) { return x.flatten(1); },
          [&](const Add&) { return x + frame.in[1]; },
          [&](const Concat&) { return at::cat(frame.in, 1); },
          [&](const ToTokens&) { return x.flatten(2).transpose(1, 2); },
          [&](const ClassToken&) {
            return at::cat({frame.parameters[0].expand({x.size(0), 1, x.size(2)}), x}, 1);
          },
          [&](const FirstToken&) { return x.select(1, 0).contiguous(); },
          [&](const Embedding&) { return at::embedding(frame.parameters[0], x); },
          [&](const PositionEmbedding&) { return x + frame.parameters[0].narrow(0, 0, x.size(1)); },
          [&](const Attention& op) {
            // Scaled by the full head's width: a slice approximates the full model's scores instead of sharpening its
            // own.
            const double full_width =
                static_cast<double>(shape_.layers[at_index(layer.inputs[0])].out.features.size) / op.heads;
            return attention(x, frame.in[1], frame.in[2], op.heads, std::sqrt(full_width), op.causal);
          },
          [&](const Dropout& op) {
            if (pass.dropout == nullptr || op.probability <= 0) return x;
            return dropout(x, op.probability, *pass.dropout);
          },
          [&](const Lstm&) {
            const at::Tensor& weight_hh = frame.parameters[1];
            const at::Tensor& bias = frame.parameters[2];
            const at::Tensor start = at::zeros({1, x.size(0), weight_hh.size(1)}, x.options());
            return std::get<0>(at::lstm(x, {start, start}, {frame.parameters[0], weight_hh, bias, at::zeros_like(bias)},
                                        true, 1, 0, false, false, true));
          },
      },
      layer.op);
}

bool Net::is_left_out(const Layer& layer, const std::vector<at::Tensor>& parameters) const {
  return layer.block != kNoBlock && parameters[at_index(shape_.blocks[at_index(layer.block)].tensor)].numel() == 0;
}

Net::Output Net::forward(const at::Tensor& input, const std::vector<at::Tensor>& parameters, const Pass& pass) const {
  std::vector<at::Tensor> outputs(shape_.layers.size());
  const int last = static_cast<int>(shape_.layers.size()) - 1;
  Output result;
  for (int i = 0; i <= last; ++i) {
    const Layer& layer = shape_.layers[at_index(i)];
    const auto result_of = [&](int from) { return from == kModelInput ? input : outputs[at_index(from)]; };
    if (is_left_out(layer, parameters)) {
      const Block& block = shape_.blocks[at_index(layer.block)];
      if (i == block.sum) outputs[at_index(i)] = result_of(block.shortcut);
    } else {
      Frame frame{{}, {}, pass};
      for (const int from : layer.inputs) frame.in.push_back(result_of(from));
      for (const int tensor : layer.tensors) frame.parameters.push_back(parameters[at_index(tensor)]);
      if (i == last || is_exit_[at_index(i)]) result.representation = frame.in.front();
      outputs[at_index(i)] = apply(i, frame);
      if (is_exit_[at_index(i)]) result.exits.push_back(outputs[at_index(i)]);
      if (pass.watch) pass.watch(i, outputs[at_index(i)]);
    }
    // Unless a graph keeps it, an activation's memory is free for the next layers while it is still in the cache.
    for (const int from : layer.inputs)
      if (from != kModelInput && last_reader_[at_index(from)] == i) outputs[at_index(from)].reset();
  }
  result.logits = std::move(outputs.back());
  if (!shape_.stages.empty()) answer(result);
  return result;
}

void Net::answer(Output& output) const {
  const bool averages = shape_.averages_exits && output.exits.size() > 1;
  output.logits = averages ? at::stack(output.exits).mean(0) : output.exits.back();
}

}  // namespace msfusion
