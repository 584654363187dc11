// Models as files of layers: what ships costs what is published for it, and is what the built-in kinds are.
#include "sim/shape/layer_file.hpp"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "sim/base/error.hpp"
#include "sim/shape/cost.hpp"
#include "sim/shape/layer_graph.hpp"
#include "sim/shape/layer_values.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

LayerFile shipped(const std::string& name) {
  return read_layer_file(source_file("scenarios/models/" + name + ".xml"));
}

SampleShape published_samples(const LayerFile& file) {
  if (file.reads == InputKind::tokens) return {file.reads, 1, 1, file.sample.front(), file.classes};
  return {file.reads, file.sample[0], file.sample[1], file.sample[2], file.classes};
}

/// A model file in the temporary folder for the time of a test.
class ModelFile {
 public:
  explicit ModelFile(const std::string& layers,
                     const std::string& root = R"(reads="images" sample="3 8 8" classes="4")")
      : path_((std::filesystem::temp_directory_path() / ("msfusion-model-" + std::to_string(getpid()) + ".xml"))
                  .string()) {
    std::ofstream(path_) << "<model " << root << ">\n" << layers << "\n</model>\n";
  }
  ~ModelFile() { std::filesystem::remove(path_); }
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;
  const std::string& path() const { return path_; }
  LayerFile read() const { return read_layer_file(path_); }
  Shape shape() const {
    const LayerFile file = read();
    return shape_of_layers(file, {}, published_samples(file));
  }
  /// "LINE: found; allowed", all of them.
  std::string mistakes() const {
    try {
      shape();
    } catch (const UserError& error) {
      std::string all;
      for (const Mistake& mistake : error.mistakes()) {
        CHECK(mistake.file == path_);
        all += std::to_string(mistake.line) + ": " + mistake.found + "; " + mistake.allowed + "\n";
      }
      return all;
    }
    return "";
  }

 private:
  std::string path_;
};

bool same(const Dim& a, const Dim& b) {
  return a.size == b.size && a.axis == b.axis && a.outer == b.outer && a.inner == b.inner;
}

// The order of a sum's terms changes no bit.
std::vector<int> inputs_of(const Layer& layer) {
  std::vector<int> inputs = layer.inputs;
  if (std::holds_alternative<Add>(layer.op)) std::sort(inputs.begin(), inputs.end());
  return inputs;
}

// Everything that results depend on.
void check_same(const Shape& a, const Shape& b) {
  REQUIRE(a.axes.size() == b.axes.size());
  for (std::size_t i = 0; i < a.axes.size(); ++i) {
    CHECK(a.axes[i].name == b.axes[i].name);
    CHECK(a.axes[i].units == b.axes[i].units);
  }
  REQUIRE(a.tensors.size() == b.tensors.size());
  for (std::size_t i = 0; i < a.tensors.size(); ++i) {
    CHECK(a.tensors[i].name == b.tensors[i].name);
    CHECK(a.tensors[i].init.kind == b.tensors[i].init.kind);
    CHECK(a.tensors[i].init.scale == b.tensors[i].init.scale);
    REQUIRE(a.tensors[i].dims.size() == b.tensors[i].dims.size());
    for (std::size_t d = 0; d < a.tensors[i].dims.size(); ++d) CHECK(same(a.tensors[i].dims[d], b.tensors[i].dims[d]));
  }
  REQUIRE(a.layers.size() == b.layers.size());
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    INFO(a.layers[i].name);
    CHECK(a.layers[i].name == b.layers[i].name);
    CHECK(a.layers[i].op.index() == b.layers[i].op.index());
    CHECK(inputs_of(a.layers[i]) == inputs_of(b.layers[i]));
    CHECK(a.layers[i].tensors == b.layers[i].tensors);
    CHECK(same(a.layers[i].out.features, b.layers[i].out.features));
    CHECK(a.layers[i].out.height == b.layers[i].out.height);
    CHECK(a.layers[i].out.width == b.layers[i].out.width);
  }
  CHECK(a.classes == b.classes);
}

}  // namespace

TEST_CASE("the models that ship have the parameters and multiplications that are published for them") {
  struct Published {
    const char* name;
    std::int64_t parameters;
    double macs;  ///< 0: none is published
  };
  for (const auto& [name, parameters, macs] : std::vector<Published>{
           {"vgg11", 132'863'336, 7.61e9},             // torchvision
           {"resnet18-imagenet", 11'689'512, 1.81e9},  // torchvision
           {"resnet50", 25'557'032, 4.09e9},           // torchvision
           {"resnet152", 60'192'808, 11.51e9},         // torchvision
           {"mobilenet-v2", 3'504'872, 0.30e9},        // torchvision
           {"vit-tiny", 5'717'416, 1.26e9},            // timm
           {"gpt2-small", 124'439'808, 0},             // Radford et al., as counted for the released weights
           {"gpt2-medium", 354'823'168, 0},
           {"lenet", 61'706, 416'520},  // by hand: 117600 + 240000 + 48000 + 10080 + 840
       }) {
    INFO(name);
    const LayerFile file = shipped(name);
    const Shape shape = shape_of_layers(file, {}, published_samples(file));
    const SliceCost cost = slice_cost(shape, full_slice(shape));
    CHECK(cost.parameters == parameters);
    CHECK(parameter_count(shape, full_slice(shape)) == parameters);
    if (macs > 0) CHECK(static_cast<double>(cost.forward_macs) == Approx(macs).epsilon(0.01));
  }
}

TEST_CASE("a built-in kind and the file of its layers are the same model") {
  const SampleShape images{InputKind::image, 3, 32, 32, 10}, words{InputKind::tokens, 1, 1, 16, 50};
  check_same(shape_of_layers(shipped("mlp"), {{"hidden", "30 20"}}, images), build_shape(MlpOptions{{30, 20}}, images));
  check_same(shape_of_layers(shipped("cnn"), {}, images), build_shape(CnnOptions{}, images));
  CnnOptions cnn;
  cnn.channels = {8, 8, 8, 8, 8, 8};
  cnn.norm = NormKind::group;
  cnn.dense = {12};
  check_same(shape_of_layers(shipped("cnn"),
                             {{"widths", "8 8 8 8 8 8"}, {"norm", "group"}, {"dense", "12"}, {"flat", "yes"}}, images),
             build_shape(cnn, images));
  check_same(shape_of_layers(shipped("resnet18"), {}, images), build_shape(ResNetOptions{}, images));
  TransformerOptions transformer;
  check_same(shape_of_layers(shipped("transformer"), {}, words), build_shape(transformer, words));
  transformer.masked = transformer.pre_norm = true;
  check_same(shape_of_layers(shipped("transformer"), {{"masked", "yes"}, {"pre", "yes"}}, words),
             build_shape(transformer, words));
  LstmOptions lstm;
  lstm.layers = 2;
  check_same(shape_of_layers(shipped("lstm"), {{"layers", "2"}}, words), build_shape(lstm, words));
}

TEST_CASE("a narrowed file is the narrowed kind") {
  const SampleShape images{InputKind::image, 3, 32, 32, 10}, words{InputKind::tokens, 1, 1, 16, 50};
  for (const double rate : {0.5, 0.3, 1.0 / 16}) {
    check_same(narrowed_shape(shape_of_layers(shipped("resnet18"), {}, images), rate),
               build_shape(narrowed(ResNetOptions{}, rate), images));
    check_same(narrowed_shape(shape_of_layers(shipped("lstm"), {}, words), rate),
               build_shape(narrowed(LstmOptions{}, rate), words));
  }
  check_same(narrowed_shape(shape_of_layers(shipped("transformer"), {}, words), 0.5),
             build_shape(narrowed(TransformerOptions{}, 0.5), words));
}

TEST_CASE("widths that must agree are one axis") {
  const Shape mobilenet = shape_of_layers(shipped("mobilenet-v2"), {}, {InputKind::image, 3, 32, 32, 10});
  for (const Layer& layer : mobilenet.layers) {
    const auto* conv = std::get_if<Conv2d>(&layer.op);
    if (conv == nullptr || !conv->depthwise) continue;
    // A depthwise convolution follows what it reads: output, kernels and input are cut by the same set.
    const AxisId axis = mobilenet.layers[static_cast<std::size_t>(layer.inputs.front())].out.features.axis;
    CHECK(axis != kFixed);
    CHECK(layer.out.features.axis == axis);
    CHECK(mobilenet.tensors[static_cast<std::size_t>(layer.tensors.front())].dims.front().axis == axis);
  }
  // The stem, one for each of 7 stages, 16 expansions and the last convolution.
  CHECK(mobilenet.axes.size() == 1 + 7 + 16 + 1);

  const Shape gpt2 = shape_of_layers(shipped("gpt2-small"), {{"layers", "2"}}, {InputKind::tokens, 1, 1, 8, 50});
  CHECK(gpt2.axes.size() == 1 + 2 * 2);  // the stream, and in each layer a head's units and the feed-forward's
  CHECK(gpt2.layers.back().tensors == gpt2.layers.front().tensors);

  const Shape joined = ModelFile(R"(<conv name="a" channels="6"/>
<concat name="both"><branch/><branch><conv name="b" channels="6"/></branch></concat>
<global-average-pool/>
<classifier/>)")
                           .shape();
  CHECK(joined.axes.size() == 1);
  const Layer& both = joined.layers[2];
  CHECK(both.out.features.size == 12);
  CHECK(both.out.features.outer == 2);
}

TEST_CASE("groups and branches of unequal widths are cut in blocks of their greatest common divisor") {
  const Shape shape = ModelFile(R"(<conv name="a" channels="12"/>
<concat name="both">
<branch/>
<branch><conv name="b" channels="8"/></branch>
</concat>
<conv name="grouped" channels="30" groups="10"/>
<global-average-pool/>
<classifier/>)")
                          .shape();
  // 12, 8 and the 2 channels of a group have 2 in common; the grouped convolution's 3 a group are an axis of their own.
  REQUIRE(shape.axes.size() == 2);
  CHECK(shape.axes[0].units == 2);
  CHECK(shape.axes[1].units == 3);
  const auto& weight = shape.tensors[4];
  REQUIRE(weight.name == "grouped.weight");
  CHECK(same(weight.dims[0], Dim{30, 1, 10, 1}));
  CHECK(same(weight.dims[1], Dim{2, 0, 1, 1}));
  CHECK(same(shape.layers[2].out.features, Dim{20, 0, 10, 1}));
  WidthSlice half = full_slice(shape);
  half.axes[0] = IndexSet::window(1, 1, 2);
  half.axes[1] = IndexSet::window(0, 2, 3);
  CHECK(sliced_indices(shape.layers[2].out.features, half) ==
        std::vector<std::int64_t>{1, 3, 5, 7, 9, 11, 13, 15, 17, 19});
  // 64 positions, 9 places: each of 20 kept channels reads the one that its group keeps.
  CHECK(slice_cost(shape, half).layers[3].forward_macs == 64 * 9 * 1 * 20);
}

TEST_CASE("what cannot be built or cut is refused with layer, line and reason") {
  const auto mistakes = [](const std::string& layers) { return ModelFile(layers).mistakes(); };
  CHECK(mistakes("<conv channels='4'/>\n<classifier/>") ==
        "3: <classifier>: reads a map; <flatten/>, <global-average-pool/> or <first-token/> before it\n");
  CHECK(mistakes("<conv channels='4' groups='2'/>") ==
        "2: <conv>: 2 groups from 3 channels to 4; a number that divides both\n");
  CHECK(mistakes("<conv channels='4' kernel='11' padding='0'/>") ==
        "2: <conv>: a kernel of 11 on 3 x 8 x 8; a smaller kernel, or fewer layers that shrink\n");
  CHECK(mistakes("<conv channels='4'/>\n<residual>\n<conv channels='8'/>\n</residual>") ==
        "3: <residual>: the sum of 8 x 8 x 8 and 4 x 8 x 8; sums of equal sizes\n");
  CHECK(mistakes("<patches size='4' features='10'/>\n<attention heads='4'/>") ==
        "3: <attention>: 4 heads in 10 features; a number of heads that divides the features\n");
  CHECK_THAT(mistakes("<conv channels='4 * $widht'/>"),
             StartsWith("2: channels=\"4 * $widht\" in <conv>: there is no $widht"));
  CHECK_THAT(mistakes("<conv channels='1 / 2'/>"),
             StartsWith("2: channels=\"1 / 2\" in <conv> is 0.5; allowed: a whole"));
  CHECK_THAT(mistakes("<konv/>\n<conv chanels='3'/>\n<dense/>"),
             ContainsSubstring("2: <konv> stands here") && ContainsSubstring("did you mean 'conv'?") &&
                 ContainsSubstring("3: unknown attribute chanels in <conv>") &&
                 ContainsSubstring("4: <dense> has no units; it is needed"));
  CHECK_THAT(mistakes("<relu/>\n<relu name='relu1'/>"), StartsWith("3: <relu>: a second layer with the name relu1"));
  CHECK_THAT(mistakes("<flatten/>"), StartsWith("2: the last layer is no classifier"));
  CHECK_THAT(mistakes("<relu from='x'/>"), StartsWith("2: from=\"x\" in <relu>: no layer before has this name"));
  CHECK_THAT(mistakes("<repeat times='99999'>\n<relu/></repeat>"), StartsWith("3: <relu>: more than 10000 layers"));
  CHECK_THAT(mistakes("<repeat times='99999'><repeat times='99999'/></repeat>"),
             ContainsSubstring("more than 100000 elements"));
  CHECK_THAT(
      mistakes("<conv channels='65536'/>\n<repeat times='9'><concat><branch/><branch/></concat></repeat>\n<flatten/>"),
      StartsWith("3: <concat>: the result is too large"));
}

TEST_CASE("a shortcut stands for the identity only where that does not fit") {
  const std::string block = R"(<conv name="stem" channels="4"/>
<residual name="a"><shortcut><conv name="p" channels="$n" kernel="1"/></shortcut><conv name="c" channels="$n"/></residual>
<global-average-pool/>
<classifier/>)";
  const Shape same_width = ModelFile("<parameter name='n' value='4'/>" + block).shape();
  const Shape wider = ModelFile("<parameter name='n' value='5'/>" + block).shape();
  CHECK(same_width.layers.size() == 5);
  REQUIRE(wider.layers.size() == 6);
  CHECK(wider.layers[1].name == "a.p");
  CHECK(wider.layers[3].inputs == std::vector<int>{2, 1});
}

TEST_CASE("expressions have the value of their arithmetic") {
  LayerVariables variables;
  variables.set("n", 6.0);
  variables.set("list", "4 5 6");
  CHECK(variables.number("1 + 2 * 3 - 4 / 2") == 5);
  CHECK(variables.number("-(2 + 3) * $n") == -30);
  CHECK(variables.number("$list[2] * ($n % 4)") == 10);
  CHECK(variables.number("1 + ($n > 5) * ($list[$n - 5] = 4)") == 2);
  CHECK(variables.number("yes - no") == 1);
  CHECK(variables.filled("stage$n.block${n}x") == "stage6.block6x");
  for (const char* wrong : {"", "1 +", "$m", "$list", "$list[4]", "$list[1.5]", "1 / 0", "(1", "1)", "a", "1..2", "$"})
    CHECK_THROWS_AS(variables.number(wrong), ValueError);
}
