// A training method as choices: split, objective, exchange, merge, how its messages are encoded and whom it asks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/vocabulary.hpp"
#include "sim/encode/encoding.hpp"
#include "sim/method/choices.hpp"
#include "sim/method/exit_options.hpp"
#include "sim/method/importance_options.hpp"
#include "sim/method/nested_options.hpp"
#include "sim/method/personal_options.hpp"
#include "sim/method/selection_options.hpp"
#include "sim/privacy/privacy_options.hpp"

namespace msfusion {

/// How many units a device's slice has.
struct RateChoice {
  enum class Kind { given, levels, device, automatic } kind = Kind::given;
  std::vector<double> levels = {1};  ///< given: one; levels: assigned to consecutive equal blocks of devices
  bool dynamic = false;              ///< levels are redrawn every round
};

struct SplitChoice {
  SplitRule rule = SplitRule::full;
  RateChoice rate;
  enum class Direction {
    down,
    up
  } direction = Direction::down;  ///< rolling: down as released, up as in the text of the paper
  int zeta = 1;                   ///< double_shift: shift between rounds, in units
  enum class Shift { paper, decorrelated } shift = Shift::paper;  ///< decorrelated: a stride of its own per axis
  enum class Overlap { constant, linear, adaptive } overlap = Overlap::constant;
  std::optional<double> control;  ///< c, or c0 of the linear and adaptive schedules; none: 1, or 0.5
  double control_end = 1;         ///< linear: c of the last round
  std::vector<double> depth;      ///< share of the blocks that sub-models keep, dealt as levels; none: all layers
  ExitChoice exits;               ///< fixed: the model is cut in stages, and depth keeps the first of them
  NestedChoice nested;            ///< fixed: local steps train narrower sub-models inside the device's
};

struct ObjectiveChoice {
  ObjectiveKind kind = ObjectiveKind::cross_entropy;
  double weight = 0;
  double temperature = 0.5;
  enum class Negatives { previous, peers, both } negatives = Negatives::previous;
  enum class Compare { position, unit } compare = Compare::position;  ///< contrastive: which features form pairs
  int ramp_rounds = 300;      ///< mutual_exits: until the weight of the distillation has grown to the whole
  double distil_from = 0.25;  ///< taught_exits: share of the rounds before the distillation begins
  bool scaler = false;        ///< activations divided by the rate before each norm while training (HeteroFL)
};

struct ExchangeChoice {
  ExchangeKind kind = ExchangeKind::server;
  std::optional<int> cohort;  ///< devices drawn per round; none: all
  PeerGraph graph = PeerGraph::complete;
  int degree = 4;            ///< regular, small_world
  double probability = 0.3;  ///< erdos_renyi: edge; small_world: rewiring
  double radius = 0.5;       ///< geometric, in the unit square
  std::string graph_file;    ///< GraphML
  bool one_step = false;     ///< a round is one optimiser step whatever the scenario's epochs (D-PSGD)
  int cut = 1;               ///< split: layers that stay on the device, counted as parametrised layers
  int buffer = 1;            ///< asynchronous
  int concurrency = 0;       ///< asynchronous: devices at work at once; 0: all
  enum class AllReduce { ring, tree } all_reduce = AllReduce::ring;  ///< all, stream: how the sum is formed
  int fragments = 1;                                                 ///< stream: one of them is exchanged in a round
  bool overlaps = true;  ///< stream: a fragment travels while the next round's training goes on
};

struct MergeChoice {
  MergeKind kind = MergeKind::mean;
  enum class Weights { samples, uniform } weights = Weights::samples;
  enum class OwnWeight { once, per_peer } own_weight = OwnWeight::once;  ///< overlap_mean among peers
  double server_learning_rate = 1;
  double beta1 = 0.9, beta2 = 0.99, tau = 1e-3;
  double staleness_exponent = 0.5;
  double mixing = 0.6;                 ///< fedasync: alpha
  bool nesterov = false;               ///< momentum: the server's step looks ahead
  double momentum_distillation = 0.2;  ///< prefix_mean: beta
  double keep_local = 0.5;             ///< fragments: weight of the device's own values when a fragment arrives
  int momentum_every = 1;              ///< delayed_nesterov: arrivals from one momentum step to the next
  int distill_steps = 0;
  double sharpen = 0.1;           ///< DS-FL: temperature
  std::int64_t open_samples = 0;  ///< distill, average_logits: unlabelled samples set aside
};

/// What becomes of a device's optimiser state (momentum, Adam's moments and step count) when its training ends.
enum class OptimiserState { reset, keep, average };

/// A method of a scenario with every choice made.
struct Method {
  std::string name, label;
  int line = 0;
  std::optional<int> rounds;       ///< instead of the scenario's
  std::optional<int> local_steps;  ///< likewise
  SplitChoice split;
  ObjectiveChoice objective;
  ExchangeChoice exchange;
  MergeChoice merge;
  EncodingOptions encoding;
  PrivacyOptions privacy;  ///< of the scenario, the same for all its methods
  PersonalChoice personal;
  ImportanceChoice importance;
  OptimiserState state = OptimiserState::reset;
  SelectionOptions selection;
};

/// The attributes of <method> that replace a method's choices.
const Vocabulary<Method>& method_vocabulary();

/// The attributes of <method>: name, label, then those that replace the method's choices. Their defaults are the
/// methods' own.
std::vector<AttributeInfo> method_attributes();

/// The longest label of a method, in characters.
constexpr int kLongestLabel = 100;

/// The method of that name with the attributes applied. Objects to an attribute that the method's choices have no use
/// for, and to a combination that makes no sense, with the reason. `name` must be one of the table.
Method read_method(const std::string& name, GivenAttributes& given);

/// "double-shift | contrastive | peers | overlap-mean"; with encodings as well: "full | .. | mean | topk, down fp16"
std::string choices_text(const Method& method);

}  // namespace msfusion
