#include "tools/validation/peers.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/error.hpp"
#include "sim/deploy/core_turn.hpp"
#include "sim/deploy/pinning.hpp"
#include "tools/validation/node_config.hpp"

namespace msfusion {

using nlohmann::json;

namespace {

RoundLog log_of(const json& entry) {
  RoundLog log;
  log.merge_seconds = entry.at("merge_seconds");
  log.late_seconds = entry.at("late_seconds");
  log.end_seconds = entry.at("end");
  for (const json& step : entry.at("steps")) {
    StepLog read;
    read.step = step.at("step");
    read.cpu_seconds = step.at("cpu_seconds");
    read.payload_bytes = step.at("payload_bytes");
    if (step.contains("start")) read.start_seconds = step.at("start").get<double>();
    if (step.contains("end")) read.end_seconds = step.at("end").get<double>();
    log.steps.push_back(read);
  }
  return log;
}

}  // namespace

Peers::Peers(const std::string& config_file, int nodes, const std::string& folder, const ShapedNetwork* network,
             const std::vector<int>& cores)
    : folder_(folder) {
  for (int node = 0; node < nodes; ++node) {
    const auto index = static_cast<std::size_t>(node);
    peers_.push_back(std::make_unique<Child>(fmt::format("peer {}", node),
                                             std::vector<std::string>{program_beside("msfusion-peer"), config_file,
                                                                      std::to_string(node), result_file(index)},
                                             [&] {
                                               if (network) network->enter(node);
                                               if (!cores.empty()) pin_to_core(cores.at(index));
                                             }));
  }
  for (const auto& peer : peers_)
    if (peer->answer() != "ready") throw RunError("a peer did not come up");
}

std::string Peers::result_file(std::size_t node) const {
  return fmt::format("{}/peer-{}.bin", folder_, node);
}

MeasuredRound Peers::round() {
  MeasuredRound measured;
  measured.start_seconds = monotonic_seconds();
  for (const auto& peer : peers_) peer->tell("");
  for (const auto& peer : peers_) measured.nodes.push_back(log_of(json::parse(peer->answer())));
  return measured;
}

std::vector<std::vector<float>> Peers::finish() {
  std::vector<std::vector<float>> parameters;
  for (std::size_t node = 0; node < peers_.size(); ++node) {
    peers_[node]->finish();
    parameters.push_back(read_floats(result_file(node)));
  }
  return parameters;
}

}  // namespace msfusion
