#include <algorithm>
#include <stdexcept>

#include "sim/learn/merge.hpp"

namespace msfusion {

namespace {

struct Row {
  MergeKind merge;
  StateMaker by_server, by_peers;
};

// Ways of merging that know no server, or no peers, are the same on both sides: sim/method refuses the combinations
// that make no sense.
constexpr Row kRows[] = {
    {MergeKind::mean, make_mean, make_mean},
    {MergeKind::overlap_mean, make_server_overlap, make_peer_overlap},
    {MergeKind::momentum, make_momentum, make_momentum},
    {MergeKind::adam, make_adam, make_adam},
    {MergeKind::variates, make_variates, make_variates},
    {MergeKind::gossip, make_gossip, make_gossip},
    {MergeKind::staleness, make_staleness, make_staleness},
    {MergeKind::distill, make_distill, make_distill},
    {MergeKind::average_logits, make_average_logits, make_average_logits},
    {MergeKind::none, make_none, make_none},
};

}  // namespace

bool Arrivals::was_sent(const Trained& trained) const {
  return std::any_of(deliveries.begin(), deliveries.end(), [&](const Delivery& delivery) {
    return delivery.task == trained.task && delivery.to != trained.device;
  });
}

std::unique_ptr<ModelState> make_state(const MergeContext& context) {
  for (const Row& row : kRows)
    if (row.merge == context.method.merge.kind)
      return (facts_of(context.method.exchange.kind).among_peers ? row.by_peers : row.by_server)(context);
  throw std::logic_error("a merge that is not in the table");
}

}  // namespace msfusion
