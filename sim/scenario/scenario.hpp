// A scenario file as a plain value: complete, valid, with every default filled in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace msfusion {

/// platform: the devices and links.
struct PlatformSpec {
  std::string file;  ///< as the program can open it: relative paths are resolved against the scenario's folder
  int line = 0;
  enum class Network { cm02, lv08 } network = Network::cm02;
  std::optional<int> sends_at_once;  ///< transfers of a device, 0: all; none: see transfers_at_once
};

/// data: what is learned from, and who holds it.
struct DataSpec {
  std::string set = "fashion-mnist";  ///< fashion-mnist | mnist | emnist | cifar-10 | cifar-100 | folder | tokens |
                                      ///< characters | synthetic
  std::string path;                   ///< folder of the set; empty: $MSFUSION_DATA/SET, then the system package
  int line = 0;
  std::optional<std::int64_t> train_samples;  ///< a seeded stratified subset; none: all
  std::optional<std::int64_t> test_samples;   ///< the first ones; none: all
  enum class Partition { iid, dirichlet, shards, label_k, natural } partition = Partition::iid;
  double alpha = 0.5;          ///< dirichlet: smaller is more skewed
  int classes_per_device = 2;  ///< shards, label_k
  double size_skew = 0;        ///< iid: standard deviation of the log-normal device sizes; 0: equal sizes
  bool augment = false;        ///< random crop with 4 pixels of padding, and horizontal flip
  // synthetic only: Gaussian class prototypes plus noise
  int synthetic_classes = 4;
  int synthetic_side = 8;  ///< pixels
  int synthetic_channels = 1;
  int synthetic_vocabulary = 0;  ///< above 0: text of that many different tokens instead of images
};

enum class NormKind { none, batch, group };

struct MlpSpec {
  std::vector<int> hidden = {200, 200};
};

/// Per entry of `channels`: convolution, norm, ReLU, pooling (after every one, or after the last only); then the dense
/// layers and the classifier.
struct CnnSpec {
  std::vector<int> channels = {32, 64};
  int kernel = 3;
  bool same_padding = true;
  bool pool_each = true;
  std::vector<int>
      dense;  ///< hidden units of the layers between flattening and the classifier; none: global average pooling
  NormKind norm = NormKind::batch;
  int groups = 8;  ///< group norm
};

/// Pre-activation ResNet of basic blocks with a 3x3 stem, as in HeteroFL.
struct ResNetSpec {
  std::vector<int> widths = {64, 128, 256, 512};
  std::vector<int> blocks = {2, 2, 2, 2};
  bool bottleneck = false;  ///< 1x1, 3x3, 1x1 blocks with expansion 4 (ResNet50 and deeper)
  NormKind norm = NormKind::batch;
  int groups = 8;
};

struct TransformerSpec {
  int embedding = 256, heads = 8, ffn = 512, layers = 4;
  double dropout = 0.2;
  int window = 64;
  bool masked = false;  ///< masked language model (15 %, loss on all positions) instead of a causal one
  bool pre_norm = false;
};

struct LstmSpec {
  int embedding = 128, hidden = 256, layers = 1;
  int window = 64;
};

using ModelSpec = std::variant<MlpSpec, CnnSpec, ResNetSpec, TransformerSpec, LstmSpec>;

/// training: what every device does locally in a round.
struct TrainingSpec {
  int rounds = 0;
  int local_epochs = 1;
  std::optional<int> local_steps;  ///< instead of epochs
  int batch = 32;
  enum class Optimiser { sgd, adam, adamw } optimiser = Optimiser::sgd;
  double learning_rate = 0.05;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< adam, adamw
  std::optional<double> clip_norm;                    ///< gradient norm
  enum class Schedule { constant, step, cosine } schedule = Schedule::constant;
  std::vector<int> milestones;  ///< step: rounds at which the rate is multiplied by `decay`
  double decay = 0.1;
  int warmup_rounds = 0;  ///< linear from 0; any schedule
  enum class Device { cpu, cuda } device = Device::cpu;
  int line = 0;
};

/// evaluation: how often, and on what.
struct EvaluationSpec {
  int every = 1;            ///< rounds; the last round is always evaluated
  bool submodels = true;    ///< also the mean accuracy of the devices' sub-models
  int norm_samples = 1000;  ///< training samples whose batch statistics the test uses (norm="batch")
};

/// constraints: limits of the devices, and when a round closes.
struct ConstraintSpec {
  enum class Memory { fail, exclude, ignore } memory = Memory::fail;
  enum class Close { all, deadline, quorum } close = Close::all;
  double deadline_seconds = 0;
  double quorum = 1;
  std::optional<double> energy_joules;  ///< of a device's training in a round, for split="auto"
  double message_loss = 0;  ///< probability
};

/// prices: what energy, traffic and emissions cost where the platform does not say.
struct PriceSpec {
  std::optional<double> usd_per_kwh;
  std::optional<double> usd_per_gb;
  std::optional<double> grams_co2_per_kwh;
};

/// An attribute of a method element as it stands in the file: sim/method turns it into choices and judges it.
struct MethodAttribute {
  std::string name;
  std::string value;
  int line = 0;
};

struct MethodElement {
  std::string name;   ///< a name of `msfusion list methods`
  std::string label;  ///< unique in the scenario; the name by default
  int line = 0;
  std::vector<MethodAttribute> attributes;  ///< without name and label
};

/// vary: an attribute that takes several values.
struct SweepAxis {
  std::string path;  ///< as in Override
  std::vector<std::string> values;
  int line = 0;
};

struct Scenario {
  std::string file;  ///< as the user wrote it
  std::string name;  ///< letters, digits, '.', '_', '-'
  std::string description;
  std::string text;  ///< the document with all --set changes applied, for the record
  PlatformSpec platform;
  DataSpec data;
  ModelSpec model;
  int model_line = 0;
  TrainingSpec training;
  EvaluationSpec evaluation;
  ConstraintSpec constraints;
  PriceSpec prices;
  std::vector<MethodElement> methods;
  std::vector<std::uint64_t> seeds = {1};
  std::vector<SweepAxis> sweep;  ///< whoever runs the scenario runs the product of the values
  std::vector<double> targets;   ///< accuracies in (0, 1], ascending
};

/// "--set training.rounds=3": element and attribute separated by dots; a method by name or label in brackets,
/// "methods.method[msfusion].split=0.5".
struct Override {
  std::string path;
  std::string value;
};

/// Reads, validates against the schema, applies the changes, validates again, then checks by meaning.
/// Throws UserError with all mistakes of the file. Never resolves external entities, never touches the network.
Scenario read_scenario(const std::string& file, const std::vector<Override>& overrides);

/// The same for the text of a scenario that was read before from `file`, which paths are relative to.
Scenario read_scenario_text(const std::string& text, const std::string& file, const std::vector<Override>& overrides);

}  // namespace msfusion
