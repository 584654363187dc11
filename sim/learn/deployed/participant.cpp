#include "sim/learn/participant.hpp"

#include <fmt/format.h>

#include "sim/base/error.hpp"
#include "sim/learn/deployed/nodes.hpp"

namespace msfusion {

namespace {

[[noreturn]] void refuse(const Method& method, const char* what) {
  throw UserError(Mistake{"", method.line, fmt::format("method {}: {}", method.label, what),
                          "MSfusion among peers, or a mean at a server"});
}

}  // namespace

std::unique_ptr<Participant> make_participant(const LearnerSetup& setup, NodeId node) {
  const Method& method = setup.method;
  const bool is_contrastive = method.objective.kind == ObjectiveKind::contrastive;
  if (method.objective.kind != ObjectiveKind::cross_entropy && !is_contrastive)
    refuse(method, "real peers do not know its objective");
  if (is_contrastive && method.objective.negatives != ObjectiveChoice::Negatives::previous)
    refuse(method, "real peers keep no sub-models of others");
  if (method.merge.own_weight == MergeChoice::OwnWeight::per_peer) refuse(method, "real peers take the mean");
  if (method.personal.kind != PersonalKind::none || method.state != OptimiserState::reset)
    refuse(method, "real peers keep nothing to themselves");
  if (setup.training.freezes()) refuse(method, "real peers send every layer, frozen ones too");
  if (method.privacy.secure()) refuse(method, "secure aggregation is a cost: real peers mask nothing");
  if (method.privacy.clip_quantile) refuse(method, "real peers are told of no clip that moves");
  const Told told = told_of(method.selection);
  if (told == Told::loss_before || told == Told::accuracy) refuse(method, "real peers are asked before no draw");
  const bool by_mean = method.merge.kind == MergeKind::mean || method.merge.kind == MergeKind::overlap_mean;
  if (facts_of(method.exchange.kind).among_peers && method.merge.kind == MergeKind::overlap_mean)
    return make_overlap_peer(setup, node);
  if (method.exchange.kind != ExchangeKind::server || !by_mean) refuse(method, "real peers do not know its exchange");
  if (node == static_cast<NodeId>(setup.parts.samples.size())) return make_server(setup, node);
  return make_client(setup, node);
}

}  // namespace msfusion

// For programs that load this library when training starts; the caller owns the result.
extern "C" msfusion::Participant* msfusion_make_participant(const msfusion::LearnerSetup* setup, int node) {
  return msfusion::make_participant(*setup, node).release();
}
