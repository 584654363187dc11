// What a method may choose, as tables: each value with its name, its meaning and the facts that others ask.
#pragma once

#include <array>
#include <initializer_list>

#include "sim/base/choice.hpp"
#include "sim/plan/peer_graph.hpp"
#include "sim/plan/split_rules.hpp"

namespace msfusion {

enum class ObjectiveKind {
  cross_entropy,
  masked_cross_entropy,
  proximal,
  control_variates,
  dynamic,
  model_contrastive,
  contrastive,
  gradient,
  mutual_exits,
  taught_exits,
  important_weights,
};

struct ObjectiveRow : Choice<ObjectiveKind> {
  int parameter_copies;        ///< held beside the model while training
  bool corrects_gradient;      ///< as a whole before the update, with one more copy for the time
  int frozen_models;           ///< forwards of frozen models per sample, once the device has trained before
  bool masks_absent_classes;   ///< depends on which classes the device holds; their classifier rows are not trained
  bool compares_whole_models;  ///< has no meaning on slices
  const char* weight_example;  ///< the attribute and value that a message suggests; null: the objective has no weight

  bool contrasts() const { return frozen_models > 0; }
};

// clang-format off
inline constexpr std::array<ObjectiveRow, 11> kObjectives{{
    // value, name, meaning; then: copies, corrects the gradient, frozen models, masks, whole models, weight
    {{ObjectiveKind::cross_entropy, "cross-entropy", "the plain loss"},
     0, false, 0, false, false, nullptr},
    {{ObjectiveKind::masked_cross_entropy, "masked-cross-entropy", "logits of classes that the device lacks count as 0"},
     0, false, 0, true,  false, nullptr},
    {{ObjectiveKind::proximal, "proximal", "plus mu / 2 |w - w_start|^2 (FedProx)"},
     1, true,  0, false, false, "mu=\"0.01\""},
    {{ObjectiveKind::control_variates, "control-variates", "gradients corrected by the device's and the server's variates (SCAFFOLD)"},
     3, true,  0, false, false, nullptr},
    {{ObjectiveKind::dynamic, "dynamic", "plus alpha <w, h> + alpha / 2 |w - w_start|^2, h: the device's moves so far (FedDyn)"},
     2, true,  0, false, true,  "mu=\"0.01\""},
    {{ObjectiveKind::model_contrastive, "model-contrastive", "plus a loss that pulls representations towards the global model's (MOON)"},
     0, false, 2, false, true,  "mu=\"1\""},
    {{ObjectiveKind::contrastive, "contrastive", "plus a loss between representations of sub-models (MSfusion)"},
     0, false, 2, false, false, "lambda=\"0.1\""},
    {{ObjectiveKind::gradient, "gradient", "the plain loss; its gradient is the result, and no step is taken"},
     2, true,  0, false, false, nullptr},
    {{ObjectiveKind::mutual_exits, "mutual-exits", "sum of all classifiers' losses, each learning from the others' predictions (DepthFL)"},
     0, false, 0, false, false, "lambda=\"1\""},
    {{ObjectiveKind::taught_exits, "taught-exits", "mean of all classifiers' losses by depth, each learning from the deepest's predictions (ScaleFL)"},
     0, false, 0, false, false, "lambda=\"1\""},
    {{ObjectiveKind::important_weights, "important-weights", "the plain loss of the weights that are as large as the smallest kept one (FIARSE)"},
     3, true,  0, false, true,  nullptr},
}};
// clang-format on

enum class MergeKind {
  mean,
  overlap_mean,
  prefix_mean,
  changed_mean,
  momentum,
  adam,
  variates,
  normalised,
  dynamic,
  gossip,
  staleness,
  distill,
  average_logits,
  gradients,
  fragments,
  delayed_nesterov,
  none,
};

struct MergeRow : Choice<MergeKind> {
  bool takes_slices;  ///< merges sub-models of different slices, not only whole models
  bool is_mean;       ///< of models, weighted by samples or uniformly
  bool distils;       ///< trains on unlabelled open samples
  int models_sent;    ///< each way, for one model trained: SCAFFOLD's variates travel with the parameters
  const char* not_private = nullptr;  ///< why a noised sum of clipped updates cannot take its place; null: it can
  int kept = 0;  ///< models that whoever merges keeps beside the current one; counted where that is every device
};

// clang-format off
inline constexpr std::array<MergeRow, 17> kMerges{{
    // value, name, meaning; then: takes slices, is a mean, distils, models sent, kept
    {{MergeKind::mean, "mean", "weighted mean of whole models"},
     false, true,  false, 1},
    {{MergeKind::overlap_mean, "overlap-mean", "mean of each element over those who trained it; others keep their value"},
     true,  true,  false, 1},
    {{MergeKind::prefix_mean, "prefix-mean", "as overlap-mean; a sub-model's last block also moves as those of the next deeper size (InclusiveFL)"},
     true,  true,  false, 1, "a block moves with the means of two sizes, and nothing says how far one device moves both"},
    {{MergeKind::changed_mean, "changed-mean", "each element moves by the mean move over the devices that changed it (FIARSE)"},
     false, true,  false, 1, "an element is divided by the number of devices that changed it, so that one alone moves it far"},
    {{MergeKind::momentum, "momentum", "mean update with momentum at the server (FedAvgM, DiLoCo)"},
     false, true,  false, 1, nullptr, 2},
    {{MergeKind::adam, "adam", "Adam at the server on the mean update (FedAdam)"},
     false, true,  false, 1, nullptr, 3},
    {{MergeKind::variates, "variates", "mean of models and of control variates (SCAFFOLD)"},
     false, false, false, 2, "control variates are sent beside the updates, and nothing bounds them"},
    {{MergeKind::normalised, "normalised", "mean of the updates, each divided by the steps behind it (FedNova)"},
     false, true,  false, 1, "the steps by which updates are divided tell how much data a device has", 1},
    {{MergeKind::dynamic, "dynamic", "mean of models plus the mean of all devices' moves so far (FedDyn)"},
     false, false, false, 1, "a device's moves add up over the rounds, so no clip bounds its part in the model"},
    {{MergeKind::gossip, "gossip", "each peer mixes its neighbours' models by Metropolis weights"},
     false, false, false, 1},
    {{MergeKind::staleness, "staleness", "updates weigh less the older the model that they started from"},
     false, false, false, 1},
    {{MergeKind::distill, "distill", "mean, then distilling the mean of the logits (FedDF)"},
     false, true,  true,  1, "the server distils from every device's own model, not from their sum"},
    {{MergeKind::average_logits, "average-logits", "sharpened mean of the predictions on open data (DS-FL)"},
     false, false, true,  1},
    {{MergeKind::gradients, "gradients", "the training's optimiser takes a step with the devices' mean gradient"},
     false, true,  false, 1},
    {{MergeKind::fragments, "fragments", "as momentum, a fragment of the layers a round (Streaming DiLoCo)"},
     false, true,  false, 1, nullptr, 2},
    {{MergeKind::delayed_nesterov, "delayed-nesterov", "each arrival at once, momentum after every few (async DiLoCo)"},
     false, false, false, 1},
    {{MergeKind::none, "none", "nothing is merged"},
     false, false, false, 1},
}};
// clang-format on

/// Some of the merges.
class MergeSet {
 public:
  constexpr MergeSet(std::initializer_list<MergeKind> kinds) {
    for (const MergeKind kind : kinds) bits_ |= bit(kind);
  }
  constexpr bool has(MergeKind kind) const { return (bits_ & bit(kind)) != 0; }

 private:
  static constexpr unsigned bit(MergeKind kind) { return 1U << static_cast<unsigned>(kind); }
  unsigned bits_ = 0;
};

enum class ExchangeKind { server, edge, peers, all, stream, asynchronous, split, logits, none, central };

struct ExchangeRow : Choice<ExchangeKind> {
  bool needs_server;
  bool draws_cohort;                  ///< the server draws who takes part in a round
  bool among_peers;                   ///< devices send to their neighbours in a peer graph
  bool through_edge;                  ///< an aggregator stands between each device and the server
  bool spans_rounds;                  ///< a training may go on while the server merges others
  bool splits_network;                ///< the device holds only the first layers
  bool pools_data;                    ///< one node trains on everybody's samples
  bool keeps_own_results;             ///< devices keep what they trained even when no message of theirs arrived
  MergeSet merges;                    ///< those that go with it
  const char* uncoded = nullptr;      ///< why its messages cannot be encoded; null: they can
  const char* not_private = nullptr;  ///< why no noise at a server can protect those who take part; null: it can
  bool all_reduces = false;           ///< devices form a sum among themselves, and each computes the same merge
};

// clang-format off
inline constexpr std::array<ExchangeRow, 10> kExchanges{{
    // value, name, meaning;
    // then: server, cohort, peers, edge, spans rounds, splits network, pools data, keeps own; merges
    {{ExchangeKind::server, "server", "model down, training, update up"},
     true,  true,  false, false, false, false, false, false,
     {MergeKind::mean, MergeKind::overlap_mean, MergeKind::prefix_mean, MergeKind::changed_mean, MergeKind::momentum,
      MergeKind::adam, MergeKind::variates, MergeKind::normalised, MergeKind::dynamic, MergeKind::distill}},
    {{ExchangeKind::edge, "edge", "as server, through edge aggregators that each pass on one sum"},
     true,  true,  false, true,  false, false, false, false,
     {MergeKind::mean, MergeKind::momentum, MergeKind::adam, MergeKind::variates}},
    {{ExchangeKind::peers, "peers", "training, then what the neighbours need: parts of sub-models, or whole models with gossip"},
     false, false, true,  false, false, false, false, true,
     {MergeKind::overlap_mean, MergeKind::gossip},
     nullptr, "neighbours see each other's models, and no server adds noise to a sum of many"},
    {{ExchangeKind::all, "all", "training, then an all-reduce among the devices, each of which merges by itself"},
     false, false, false, false, false, false, false, false,
     {MergeKind::mean, MergeKind::momentum, MergeKind::adam, MergeKind::normalised, MergeKind::gradients},
     "sums are formed on the way, from device to device", "devices form the sum among themselves, and no server adds noise to it", true},
    {{ExchangeKind::stream, "stream", "as all, one fragment of the layers a round, beside the next training or after it"},
     false, false, false, false, false, false, false, true,
     {MergeKind::fragments},
     "sums are formed on the way, from device to device", "devices form the sum among themselves, and no server adds noise to it", true},
    {{ExchangeKind::asynchronous, "asynchronous", "the server merges after every few arrivals and waits for nobody"},
     true,  false, false, false, true,  false, false, false,
     {MergeKind::staleness, MergeKind::delayed_nesterov},
     nullptr, "updates enter the model one by one or few at a time, as often as their devices are fast: there is no "
     "sampling rate"},
    {{ExchangeKind::split, "split", "activations up and gradients down, every batch (SplitFed)"},
     true,  true,  false, false, false, true,  false, false,
     {MergeKind::mean},
     "activations and gradients are sent, not parameters",
     "activations and gradients of single samples are sent, not updates"},
    {{ExchangeKind::logits, "logits", "predictions on open data instead of parameters (DS-FL)"},
     true,  true,  false, false, false, false, false, true,
     {MergeKind::average_logits},
     "predictions are sent, not parameters", "predictions are sent, not updates"},
    {{ExchangeKind::none, "none", "everybody trains alone"},
     false, false, false, false, false, false, false, true,
     {MergeKind::none},
     "nothing is sent", "nothing is sent, and nothing merged"},
    {{ExchangeKind::central, "central", "all data goes to one node, which trains alone"},
     false, false, false, false, false, false, true,  true,
     {MergeKind::none},
     "samples are sent, not parameters", "the samples themselves are sent"},
}};
// clang-format on

inline const SplitRuleRow& facts_of(SplitRule rule) {
  return row_of(kSplitRules, rule);
}
inline const ObjectiveRow& facts_of(ObjectiveKind kind) {
  return row_of(kObjectives, kind);
}
inline const ExchangeRow& facts_of(ExchangeKind kind) {
  return row_of(kExchanges, kind);
}
inline const MergeRow& facts_of(MergeKind kind) {
  return row_of(kMerges, kind);
}
inline const PeerGraphRow& facts_of(PeerGraph graph) {
  return row_of(kPeerGraphs, graph);
}

}  // namespace msfusion
