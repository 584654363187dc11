#include "sim/experiment/senders.hpp"

#include "sim/base/error.hpp"
#include "sim/method/exchanges/exchange.hpp"
#include "sim/method/planner.hpp"

namespace msfusion {

namespace {

void add_peers(Senders& senders, const Method& method, const std::vector<std::uint64_t>& seeds, int devices) {
  for (const std::uint64_t seed : seeds) {
    try {
      const PeerNetwork peers = peer_network(method, devices, seed);
      for (NodeId node = 0; node < peers.nodes; ++node)
        for (const NodeId peer : peers.neighbours[static_cast<std::size_t>(node)])
          if (node < peer) senders.pairs.emplace_back(node, peer);
    } catch (const UserError&) {
      return;  // the planner refuses it at the method's line
    }
  }
}

}  // namespace

Senders senders_of(const std::vector<Method>& methods, const std::vector<std::uint64_t>& seeds, const Fleet& fleet) {
  Senders senders;
  for (const Method& method : methods) {
    const ExchangeRow& facts = facts_of(method.exchange.kind);
    if (facts.all_reduces || (facts.among_peers && facts_of(method.exchange.graph).joins_all)) {
      senders.all_devices = true;
    } else if (facts.among_peers) {
      add_peers(senders, method, seeds, fleet.size());
    }
    for (NodeId device = 0; device < fleet.size(); ++device) {
      if (facts.pools_data) senders.pairs.emplace_back(device, exchanges::pooling_node(fleet));
      if (!facts.needs_server || !fleet.server) continue;
      const std::optional<NodeId> aggregator = facts.through_edge ? fleet.node(device).aggregator : std::nullopt;
      senders.pairs.emplace_back(device, aggregator.value_or(fleet.server_node()));
      if (aggregator) senders.pairs.emplace_back(*aggregator, fleet.server_node());
    }
  }
  return senders;
}

}  // namespace msfusion
