#include "sim/experiment/run_header.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <tuple>
#include <vector>

#include "sim/experiment/network_records.hpp"
#include "sim/method/selection_attributes.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

namespace {

/// What follows the run's rounds from the first to the last, and is somewhere in between when another limit ends it.
std::string spread_over_rounds(const RunInputs& inputs) {
  const Method& method = *inputs.run.method;
  std::vector<std::string> all;
  if (inputs.training.schedule == TrainingOptions::Schedule::cosine) all.emplace_back("schedule=\"cosine\"");
  if (facts_of(method.split.rule).shifts && method.split.overlap == SplitChoice::Overlap::linear)
    all.emplace_back("overlap=\"linear\"");
  if (method.objective.kind == ObjectiveKind::taught_exits && method.objective.distil_from > 0)
    all.emplace_back("the beginning of the distillation");
  return fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace

void write_run_header(const RunInputs& inputs, const Timing& timing, const Planner& planner, const RunOptions& options,
                      bool trains, StoreWriter& store) {
  const Scenario& scenario = inputs.preparation.scenario;
  const SliceCost cost = slice_cost(inputs.shape, full_slice(inputs.shape));
  const int run = inputs.run.run;
  store.set_model(run, cost.parameters, cost.forward_macs);
  std::vector<DeviceRecord> devices;
  const Fleet& fleet = timing.fleet();
  for (NodeId node = 0; node < fleet.nodes(); ++node) {
    const Device& device = fleet.node(node);
    const bool is_server = !fleet.is_device(node);
    const auto samples =
        is_server ? 0 : static_cast<std::int64_t>(inputs.parts.samples[static_cast<std::size_t>(node)].size());
    devices.push_back({run, node, device.name, device.kind, is_server, device.speed_flops, device.memory_bytes, samples,
                       device.battery_joules, std::nullopt, std::nullopt});
  }
  std::vector<PeerRecord> pairs;
  if (const std::optional<PeerNetwork>& peers = planner.peers()) {
    for (NodeId node = 0; node < peers->nodes; ++node)
      for (const NodeId peer : peers->neighbours[static_cast<std::size_t>(node)])
        if (node < peer) pairs.push_back({run, node, peer});
    if (facts_of(inputs.run.method->exchange.graph).has_positions)
      for (NodeId node = 0; node < peers->nodes; ++node)
        std::tie(devices[static_cast<std::size_t>(node)].peer_x, devices[static_cast<std::size_t>(node)].peer_y) =
            peers->positions[static_cast<std::size_t>(node)];
  }
  std::vector<StateEventRecord> states;
  for (const auto& [node, profile] : timing.state_profiles())
    for (const Profile::Event& event : profile.events) {
      const int number = states.empty() || states.back().device != node ? 0 : states.back().event + 1;
      states.push_back({run, node, number, event.date_seconds, event.value > 0, profile.period_seconds});
    }
  store.write_devices(devices, states);
  const NetworkRecords network = network_records(run, timing);
  store.write_network(network.links, network.joints, pairs);
  for (const std::string& text : planner.admission().warnings()) store.write_warning({run, -1, text});
  if (const std::string note = data_note(inputs.preparation); !note.empty())
    store.write_warning({inputs.run.run, -1, note});
  if (!trains && !options.recorded && draws_by_learning(*inputs.run.method))
    store.write_warning(
        {run, -1,
         fmt::format("selection=\"{}\" draws by what devices have learnt, which no plan knows: this one ends "
                     "with the first round; a run that was trained can be costed anew (msfusion recost)",
                     name_of(kSelections, inputs.run.method->selection.kind))});
  if (options.recorded && options.recorded->ended_early())
    store.write_warning({run, -1,
                         "until=\"" + text_of(inputs.training.until) +
                             "\" ended the run that was trained; its rounds are costed anew, no more and no fewer"});
  if (const std::string spread = spread_over_rounds(inputs); !spread.empty() && !inputs.training.until.empty())
    store.write_warning({run, -1,
                         fmt::format("{}: spread over {} rounds, of which until=\"{}\" may leave only the first",
                                     spread, inputs.training.rounds, text_of(inputs.training.until))});
  if (!scenario.platform.sends_at_once && transfers_at_once(scenario, *inputs.run.method, fleet.size()) > 0)
    store.write_warning({run, -1,
                         "each device sends its messages one after the other, as there are more than 64 peers "
                         "(platform sends-at-once)"});
}

}  // namespace msfusion
