#include "sim/learn/kernels/convolution.hpp"

#ifdef MSFUSION_ONEDNN
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <dnnl.hpp>
#include <memory>
#include <new>
#include <optional>
#include <unordered_map>

#include "sim/learn/kernels/channels_last.hpp"
#include "sim/shape/winograd.hpp"

namespace msfusion {

namespace {

using dnnl::algorithm;
using dnnl::memory;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct Sizes {
  std::int64_t samples, in, height, width, out, kernel_height, kernel_width, stride, padding, bias;

  std::int64_t out_height() const { return (height + 2 * padding - kernel_height) / stride + 1; }
  std::int64_t out_width() const { return (width + 2 * padding - kernel_width) / stride + 1; }
  std::array<std::int64_t, 10> all() const {
    return {samples, in, height, width, out, kernel_height, kernel_width, stride, padding, bias};
  }
  bool operator==(const Sizes& other) const { return all() == other.all(); }
};

struct HashOfSizes {
  std::size_t operator()(const Sizes& sizes) const {
    std::size_t hash = 0;
    for (const std::int64_t value : sizes.all()) hash = hash * 1000003 + static_cast<std::size_t>(value);
    return hash;
  }
};

bool winograd_pays(const Sizes& sizes) {
  if (sizes.kernel_height != sizes.kernel_width) return false;
  return sizes.samples * winograd_tiles({sizes.in, sizes.out, sizes.out_height(), sizes.out_width(),
                                         sizes.kernel_height, sizes.stride, sizes.padding}) >=
         kFewestWinogradTiles;
}

dnnl::engine& engine() {
  static dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

// One per thread. Work runs on the calling thread alone, because oneDNN obeys the thread's own limit.
dnnl::stream& stream() {
  thread_local dnnl::stream own(engine());
  return own;
}

// The library's workspace: what a primitive computes in, and copies in an order of its own. It depends on the processor
// and ends with the call, so that, as in LibTorch's own convolutions, none of it is a tensor: the memory that plans
// charge (sim/shape/step_memory) leaves it out.
class Workspace {
 public:
  Workspace() = default;
  explicit Workspace(std::size_t bytes) {
    constexpr std::size_t kAlignment = 64;
    if (bytes == 0) return;
    bytes_.reset(std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment));
    if (!bytes_) throw std::bad_alloc();
  }
  void* data() const { return bytes_.get(); }

 private:
  struct Free {
    void operator()(void* bytes) const { std::free(bytes); }
  };
  std::unique_ptr<void, Free> bytes_;
};

// A tensor's values in a primitive's format: the tensor's own memory where it has that format already.
struct Formatted {
  memory at;
  Workspace own;
};

memory memory_of(const memory::desc& format, const at::Tensor& values) {
  return memory(format, engine(), values.data_ptr());
}

Formatted formatted(const memory::desc& format) {
  Workspace own(format.get_size());
  return {memory(format, engine(), own.data()), std::move(own)};
}

// Converts one format to another; does nothing where they are equal.
class Reformat {
 public:
  Reformat(const memory::desc& from, const memory::desc& to) : from_(from), to_(to) {
    if (from != to) change_.emplace(dnnl::reorder::primitive_desc(engine(), from, engine(), to));
  }

  Formatted operator()(const at::Tensor& values) const {
    if (!change_) return {memory_of(to_, values), {}};
    Formatted result = formatted(to_);
    memory source = memory_of(from_, values);
    change_->execute(stream(), source, result.at);
    return result;
  }

  // Where a primitive writes its result: `out` itself, or a workspace that into() then converts to `out`.
  Formatted target(const at::Tensor& out) const {
    return change_ ? formatted(from_) : Formatted{memory_of(from_, out), {}};
  }
  void into(Formatted& from, const at::Tensor& out) const {
    if (!change_) return;
    memory target = memory_of(to_, out);
    change_->execute(stream(), from.at, target);
  }

 private:
  memory::desc from_, to_;
  std::optional<dnnl::reorder> change_;
};

// A primitive with its scratch memory.
template <class Primitive>
struct Ready {
  typename Primitive::primitive_desc description;
  Primitive primitive;
  explicit Ready(typename Primitive::primitive_desc made) : description(std::move(made)), primitive(description) {}

  void run(std::unordered_map<int, memory> arguments) const {
    const Formatted scratch = formatted(description.scratchpad_desc());
    arguments.emplace(DNNL_ARG_SCRATCHPAD, scratch.at);
    primitive.execute(stream(), arguments);
  }
};

// The primitives for one combination of sizes, forward and backward.
class Kernels {
 public:
  explicit Kernels(const Sizes& sizes)
      : sizes_(sizes),
        plain_x_(of(x_dims(), memory::format_tag::nhwc)),
        plain_weight_(of(weight_dims(), memory::format_tag::ohwi)),
        plain_bias_(of({sizes.out}, memory::format_tag::x)),
        plain_y_(of(y_dims(), memory::format_tag::nhwc)),
        forward_(best<Forward>([this](algorithm how, bool winograd) { return describe_forward(how, winograd); })),
        x_in_(plain_x_, forward_.description.src_desc()),
        weight_in_(plain_weight_, forward_.description.weights_desc()),
        y_out_(forward_.description.dst_desc(), plain_y_) {}

  at::Tensor forward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) const {
    const at::Tensor y = at::empty(y_dims(), at::TensorOptions().memory_format(at::MemoryFormat::ChannelsLast));
    const Formatted source = x_in_(x), weights = weight_in_(weight);
    Formatted target = y_out_.target(y);
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, source.at}, {DNNL_ARG_WEIGHTS, weights.at}, {DNNL_ARG_DST, target.at}};
    if (bias.defined()) arguments.emplace(DNNL_ARG_BIAS, memory_of(plain_bias_, bias));
    forward_.run(std::move(arguments));
    y_out_.into(target, y);
    return y;
  }

  struct Gradients {
    at::Tensor x, weight, bias;
  };

  Gradients backward(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& gradient, bool needs_grad_x) {
    if (!for_weight_) for_weight_.emplace(*this);
    Gradients result;
    const Formatted for_weight = for_weight_->gradient_in(gradient);
    result.weight = at::empty(weight_dims(), at::TensorOptions().memory_format(at::MemoryFormat::ChannelsLast));
    Formatted weight_target = for_weight_->weight_out.target(result.weight);
    const Formatted source = for_weight_->x_in(x);
    std::unordered_map<int, memory> arguments = {
        {DNNL_ARG_SRC, source.at}, {DNNL_ARG_DIFF_DST, for_weight.at}, {DNNL_ARG_DIFF_WEIGHTS, weight_target.at}};
    if (sizes_.bias) {
      result.bias = at::empty({sizes_.out});
      arguments.emplace(DNNL_ARG_DIFF_BIAS, memory_of(plain_bias_, result.bias));
    }
    for_weight_->step.run(std::move(arguments));
    for_weight_->weight_out.into(weight_target, result.weight);
    if (!needs_grad_x) return result;

    if (!for_x_) for_x_.emplace(*this);
    result.x = at::empty(x_dims(), at::TensorOptions().memory_format(at::MemoryFormat::ChannelsLast));
    const bool same_format = for_x_->step.description.diff_dst_desc() == for_weight_->step.description.diff_dst_desc();
    const Formatted own_format = same_format ? Formatted() : for_x_->gradient_in(gradient);
    const memory& for_x = same_format ? for_weight.at : own_format.at;
    const Formatted weights = for_x_->weight_in(weight);
    Formatted x_target = for_x_->x_out.target(result.x);
    for_x_->step.run({{DNNL_ARG_DIFF_DST, for_x}, {DNNL_ARG_WEIGHTS, weights.at}, {DNNL_ARG_DIFF_SRC, x_target.at}});
    for_x_->x_out.into(x_target, result.x);
    return result;
  }

 private:
  using Forward = dnnl::convolution_forward;
  using BackwardWeight = dnnl::convolution_backward_weights;
  using BackwardX = dnnl::convolution_backward_data;

  static memory::desc of(const memory::dims& dims, memory::format_tag format) {
    return memory::desc(dims, memory::data_type::f32, format);
  }
  memory::dims x_dims() const { return {sizes_.samples, sizes_.in, sizes_.height, sizes_.width}; }
  memory::dims weight_dims() const { return {sizes_.out, sizes_.in, sizes_.kernel_height, sizes_.kernel_width}; }
  memory::dims y_dims() const { return {sizes_.samples, sizes_.out, sizes_.out_height(), sizes_.out_width()}; }

  // Formats that the primitives may choose: all of them for Winograd, those of the weights for the direct algorithm,
  // whose activations stay as the other layers have them.
  struct Formats {
    memory::desc x, weight, y;
  };
  Formats formats(bool winograd) const {
    const auto any = memory::format_tag::any;
    return {winograd ? of(x_dims(), any) : plain_x_, of(weight_dims(), any), winograd ? of(y_dims(), any) : plain_y_};
  }
  static dnnl::primitive_attr own_scratch() {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
  }
  memory::dims strides() const { return {sizes_.stride, sizes_.stride}; }
  memory::dims padding() const { return {sizes_.padding, sizes_.padding}; }

  Forward::primitive_desc describe_forward(algorithm how, bool winograd) const {
    const auto [x, weight, y] = formats(winograd);
    const auto kind = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
    return sizes_.bias ? Forward::primitive_desc(engine(), kind, how, x, weight, plain_bias_, y, strides(), padding(),
                                                 padding(), own_scratch())
                       : Forward::primitive_desc(engine(), kind, how, x, weight, y, strides(), padding(), padding(),
                                                 own_scratch());
#else
    return Forward::primitive_desc(
        sizes_.bias ? Forward::desc(kind, how, x, weight, plain_bias_, y, strides(), padding(), padding())
                    : Forward::desc(kind, how, x, weight, y, strides(), padding(), padding()),
        own_scratch(), engine());
#endif
  }

  BackwardWeight::primitive_desc describe_backward_weight(algorithm how, bool winograd) const {
    const auto [x, weight, y] = formats(winograd);
#if DNNL_VERSION_MAJOR >= 3
    return sizes_.bias ? BackwardWeight::primitive_desc(engine(), how, x, weight, plain_bias_, y, strides(), padding(),
                                                        padding(), forward_.description, own_scratch())
                       : BackwardWeight::primitive_desc(engine(), how, x, weight, y, strides(), padding(), padding(),
                                                        forward_.description, own_scratch());
#else
    return BackwardWeight::primitive_desc(
        sizes_.bias ? BackwardWeight::desc(how, x, weight, plain_bias_, y, strides(), padding(), padding())
                    : BackwardWeight::desc(how, x, weight, y, strides(), padding(), padding()),
        own_scratch(), engine(), forward_.description);
#endif
  }

  BackwardX::primitive_desc describe_backward_x(algorithm how, bool winograd) const {
    const auto [x, weight, y] = formats(winograd);
#if DNNL_VERSION_MAJOR >= 3
    return BackwardX::primitive_desc(engine(), how, x, weight, y, strides(), padding(), padding(), forward_.description,
                                     own_scratch());
#else
    return BackwardX::primitive_desc(BackwardX::desc(how, x, weight, y, strides(), padding(), padding()), own_scratch(),
                                     engine(), forward_.description);
#endif
  }

  // Winograd where it pays and oneDNN has it for this processor.
  template <class Primitive, class Describe>
  Ready<Primitive> best(Describe describe) const {
    if (winograd_pays(sizes_)) {
      try {
        return Ready<Primitive>(describe(algorithm::convolution_winograd, true));
      } catch (const dnnl::error&) {
        // oneDNN has none for these sizes on this processor.
      }
    }
    return Ready<Primitive>(describe(algorithm::convolution_direct, false));
  }

  struct ForWeight {
    Ready<BackwardWeight> step;
    Reformat x_in, gradient_in, weight_out;
    explicit ForWeight(const Kernels& all)
        : step(all.best<BackwardWeight>(
              [&](algorithm how, bool winograd) { return all.describe_backward_weight(how, winograd); })),
          x_in(all.plain_x_, step.description.src_desc()),
          gradient_in(all.plain_y_, step.description.diff_dst_desc()),
          weight_out(step.description.diff_weights_desc(), all.plain_weight_) {}
  };
  struct ForX {
    Ready<BackwardX> step;
    Reformat weight_in, gradient_in, x_out;
    explicit ForX(const Kernels& all)
        : step(all.best<BackwardX>(
              [&](algorithm how, bool winograd) { return all.describe_backward_x(how, winograd); })),
          weight_in(all.plain_weight_, step.description.weights_desc()),
          gradient_in(all.plain_y_, step.description.diff_dst_desc()),
          x_out(step.description.diff_src_desc(), all.plain_x_) {}
  };

  Sizes sizes_;
  memory::desc plain_x_, plain_weight_, plain_bias_, plain_y_;  // in LibTorch's memory order
  Ready<Forward> forward_;
  Reformat x_in_, weight_in_, y_out_;
  std::optional<ForWeight> for_weight_;  // made with the first gradient
  std::optional<ForX> for_x_;
};

// One set per thread, so that threads never wait for each other.
Kernels& kernels_for(const Sizes& sizes) {
  thread_local std::unordered_map<Sizes, std::unique_ptr<Kernels>, HashOfSizes> known;
  auto& kernels = known[sizes];
  if (!kernels) kernels = std::make_unique<Kernels>(sizes);
  return *kernels;
}

Sizes sizes_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride,
               std::int64_t padding) {
  return {x.size(0),      x.size(1),      x.size(2), x.size(3), weight.size(0),
          weight.size(2), weight.size(3), stride,    padding,   bias.defined() ? 1 : 0};
}

class Convolution : public torch::autograd::Function<Convolution> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& given_bias, std::int64_t stride, std::int64_t padding) {
    const at::Tensor bias = given_bias.value_or(at::Tensor());
    const Sizes sizes = sizes_of(x, weight, bias, stride, padding);
    // In LibTorch's order, which others that need x share.
    const at::Tensor source = channels_last(x);
    context->save_for_backward({source, weight});
    const auto all = sizes.all();
    context->saved_data["sizes"] = std::vector<std::int64_t>(all.begin(), all.end());
    context->saved_data["needs_grad_x"] = x.requires_grad();
    return kernels_for(sizes).forward(source, channels_last(weight), bias);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto all = context->saved_data["sizes"].toIntVector();
    const Sizes sizes = {all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7], all[8], all[9]};
    auto result = kernels_for(sizes).backward(saved[0], channels_last(saved[1]), channels_last(gradients[0]),
                                              context->saved_data["needs_grad_x"].toBool());
    return {result.x, result.weight, result.bias, {}, {}};
  }
};

}  // namespace

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride,
                       std::int64_t padding) {
  if (!x.is_cpu()) return at::conv2d(x, weight, bias, stride, padding);
  if (at::GradMode::is_enabled())
    return Convolution::apply(x, weight, bias.defined() ? c10::make_optional(bias) : c10::nullopt, stride, padding);
  return kernels_for(sizes_of(x, weight, bias, stride, padding)).forward(channels_last(x), channels_last(weight), bias);
}

std::string convolution_description() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("oneDNN {}.{}.{} with Winograd", version->major, version->minor, version->patch);
}

}  // namespace msfusion

#else

namespace msfusion {

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride,
                       std::int64_t padding) {
  return at::conv2d(x, weight, bias, stride, padding);
}

std::string convolution_description() {
  return "LibTorch's";
}

}  // namespace msfusion

#endif
