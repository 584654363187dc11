// A training method as four choices: split, objective, exchange, merge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/vocabulary.hpp"

namespace msfusion {

/// Which slice of the model each device trains this round.
enum class SplitRule {
  full,          ///< the whole model
  narrow,        ///< the whole of a narrower model that fits every device
  fixed,         ///< W(0, m) (HeteroFL)
  rolling,       ///< W(-t, m) or W(t, m), the same for all devices of a rate (FedRolex)
  random,        ///< a fresh subset per device, axis and round (Federated Dropout)
  double_shift,  ///< windows that shift between devices and between rounds (MSfusion)
};

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
  double control = 1;  ///< c, or c0 of the linear and adaptive schedules
};

enum class ObjectiveKind {
  cross_entropy,
  masked_cross_entropy,  ///< logits of classes absent from the device count as 0
  proximal,              ///< + weight / 2 |w - w_start|^2 (FedProx)
  control_variates,      ///< gradient - c_i + c (SCAFFOLD)
  model_contrastive,     ///< MOON: weight, temperature
  contrastive,           ///< MSfusion: lambda (weight), tau (temperature), negatives
};

struct ObjectiveChoice {
  ObjectiveKind kind = ObjectiveKind::cross_entropy;
  double weight = 0;
  double temperature = 0.5;
  enum class Negatives { previous, peers, both } negatives = Negatives::previous;
  bool scaler = false;  ///< activations divided by the rate before each norm while training (HeteroFL)
};

enum class ExchangeKind {
  server,        ///< model down, training, update up
  edge,          ///< the same through edge aggregators, each of which sends the sum of its devices' updates on
  peers,         ///< training, then the parts that peers need next (MSfusion) or the whole model (gossip)
  asynchronous,  ///< the server merges after `buffer` arrivals
  split,         ///< SplitFed: activations up, gradients down, every batch
  logits,        ///< DS-FL: predictions on open data instead of parameters
  none,          ///< everybody alone
  central,       ///< all data on one node
};

enum class PeerGraph { complete, ring, regular, erdos_renyi, small_world, geometric, file };

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
};

enum class MergeKind {
  mean,            ///< weighted mean of whole models
  overlap_mean,    ///< element-wise mean over those who trained it; others keep their value
  momentum,        ///< FedAvgM: v = beta v + (w - mean); w -= v
  adam,            ///< FedAdam
  variates,        ///< SCAFFOLD's server
  gossip,          ///< x_i = sum_j W_ij x_j, Metropolis weights
  staleness,       ///< weight (1 + s)^-exponent
  distill,         ///< FedDF: mean, then distil the mean of logits
  average_logits,  ///< DS-FL
  none,
};

struct MergeChoice {
  MergeKind kind = MergeKind::mean;
  enum class Weights { samples, uniform } weights = Weights::samples;
  double server_learning_rate = 1;
  double beta1 = 0.9, beta2 = 0.99, tau = 1e-3;
  double staleness_exponent = 0.5;
  double mixing = 0.6;  ///< fedasync: alpha
  int distill_steps = 0;
  double sharpen = 0.1;           ///< DS-FL: temperature
  std::int64_t open_samples = 0;  ///< distill, average_logits: unlabelled samples set aside
};

/// A method of a scenario with every choice made.
struct Method {
  std::string name, label;
  int line = 0;
  SplitChoice split;
  ObjectiveChoice objective;
  ExchangeChoice exchange;
  MergeChoice merge;
};

/// The attributes of <method> that replace a method's choices.
const Vocabulary<Method>& method_vocabulary();

/// The attributes of <method>: name, label, then those that replace the method's choices. Their defaults are the
/// methods' own.
std::vector<AttributeInfo> method_attributes();

/// A row of the table of methods (registry.hpp).
struct MethodEntry;
const MethodEntry* find_method(const std::string& name);  ///< nullptr: there is none

/// The longest label of a method, in characters.
constexpr int kLongestLabel = 100;

/// The method of that name with the attributes applied. Objects to an attribute that the method's choices have no use
/// for, and to a combination that makes no sense, with the reason. `name` must be one of the table.
Method read_method(const std::string& name, GivenAttributes& given);

}  // namespace msfusion
