// All raw data goes to one node before the first round: the server, or else the fastest device. That node trains alone.
#include <algorithm>

#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

NodeId pooling_node(const Fleet& fleet) {
  if (fleet.server) return fleet.server_node();
  const auto faster = [](const Device& a, const Device& b) { return a.speed_flops < b.speed_flops; };
  return static_cast<NodeId>(std::max_element(fleet.devices.begin(), fleet.devices.end(), faster) -
                             fleet.devices.begin());
}

namespace {

void add_steps(PlanDraft& draft) {
  const PlannerSetup& setup = draft.setup;
  const NodeId node = pooling_node(setup.fleet);
  draft.plan.tasks.push_back(draft.costs.task(node, 1, full_slice(setup.shape)));
  const TrainTask& task = draft.plan.tasks.front();
  std::vector<StepId> uploads;
  for (NodeId device = 0; draft.plan.round == 0 && device < setup.fleet.size(); ++device) {
    const double bytes = static_cast<double>(setup.samples_of(device)) * setup.sample_bytes;
    if (device != node) uploads.push_back(draft.transfer(task, device, node, bytes, Cargo::other, {}));
  }
  draft.train(task, std::move(uploads));
}

}  // namespace

extern const Exchange central{add_steps};

}  // namespace msfusion::exchanges
