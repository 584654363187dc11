// msfusion-validate: holds the simulator's clock, bytes and parameters against real peers on real links.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "reports/export.hpp"
#include "sim/base/error.hpp"
#include "sim/base/median.hpp"
#include "sim/calibrate/network.hpp"
#include "sim/deploy/pinning.hpp"
#include "tools/validation/cases.hpp"
#include "tools/validation/comparison.hpp"
#include "tools/validation/node_config.hpp"
#include "tools/validation/peers.hpp"
#include "tools/validation/simulated.hpp"
#include "tools/validation/yardsticks.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kSkipped = 77;  // what test runners take for "skipped"
constexpr int kFirstPort = 7100;
constexpr double kMostLate = 0.01;

struct Options {
  std::string devices_file;
  std::string out;
  std::vector<std::string> cases;
  int rounds = 8;
  bool loopback = false, check_rig = false;
  double median_goal = 0.04, worst_goal = 0.10;
};

using YardsticksOfKinds = std::map<std::string, std::unique_ptr<Yardsticks>>;

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The core of each node; none where the machine has too few, and then times mean little.
std::vector<int> cores_for(const ValidationCase& chosen) {
  std::vector<double> shares(static_cast<std::size_t>(chosen.peers), chosen.cpu_share);
  if (chosen.has_server()) shares.push_back(0);  // it trains nothing
  const std::vector<int> allowed = allowed_cores();
  const auto places = place_on_cores(shares, allowed.size());
  if (!places) {
    fmt::print(stderr, "{}: {} peers with {} of a core each do not fit on {} cores, and are not pinned\n", chosen.name,
               chosen.peers, chosen.cpu_share, allowed.size());
    return {};
  }
  std::vector<int> cores;
  for (const std::size_t place : *places) cores.push_back(allowed[place]);
  return cores;
}

/// Refuses a case in whose rounds a peer would wait for its turn beyond what its share of a core allows.
void check_turns(const ValidationCase& chosen, const Simulated& simulated, const std::vector<int>& cores) {
  for (std::size_t round = 0; round < simulated.plans.size(); ++round) {
    std::vector<double> seconds(cores.size(), 0), shares(cores.size(), chosen.cpu_share);
    const RoundPlan& plan = simulated.plans[round];
    for (std::size_t step = 0; step < plan.steps.size(); ++step)
      if (const auto* compute = std::get_if<Compute>(&plan.steps[step].what)) {
        const SimulatedStep& timed = simulated.rounds[round].steps[step];
        seconds.at(static_cast<std::size_t>(compute->node)) += timed.end_seconds - timed.start_seconds;
      }
    if (chosen.has_server()) seconds.back() = 0;  // merging is not training
    if (!turns_fit({cores.begin(), cores.end()}, seconds, shares))
      throw RunError(
          fmt::format("{}: in round {} the peers of a core could not train in turn, each within {} of the "
                      "core's time; take a smaller share or more cores",
                      chosen.name, round + 1, chosen.cpu_share));
  }
}

/// By peer. `before` and `after` are of the cores that train; a peer's core is on average as slow as it was at both
/// ends of a round.
std::vector<double> slowness_of_peers(const ValidationCase& chosen, const std::vector<int>& cores,
                                      const std::map<int, double>& before, const std::map<int, double>& after) {
  std::vector<double> slowness(static_cast<std::size_t>(chosen.peers), 1);
  for (std::size_t peer = 0; peer < slowness.size() && peer < cores.size(); ++peer)
    slowness[peer] = (before.at(cores[peer]) + after.at(cores[peer])) / 2;
  return slowness;
}

NodeConfig node_config(const ValidationCase& chosen, const NetworkKind& network, const Simulated& simulated,
                       NodeId node, bool on_links) {
  const int nodes = static_cast<int>(simulated.parameters.size());
  const auto is_server = [&](NodeId one) { return chosen.has_server() && one == nodes - 1; };
  const auto rate_of = [&](NodeId one) {
    return is_server(one) ? chosen.server_bits_per_second : chosen.peer_bits_per_second;
  };
  NodeConfig entry;
  entry.address = on_links ? Address{ShapedNetwork::address(node), kFirstPort}
                           : Address{"127.0.0.1", kFirstPort + static_cast<int>(getpid() % 20000) + node};
  entry.cpu_share = is_server(node) ? 1 : chosen.cpu_share;
  // What a shaper lets through at once, which a line would not, is made up for by waiting.
  const double burst_seconds = on_links ? ShapedNetwork::burst_bytes(rate_of(node)) * 8 / rate_of(node) : 0;
  for (NodeId to = 0; to < nodes; ++to) {
    // Of the latency, the part that the links really have is not waited for again.
    const double own =
        on_links ? network.link_latency_seconds(rate_of(node) / 8) + network.link_latency_seconds(rate_of(to) / 8) : 0;
    const double delay = simulated.delay_seconds[static_cast<std::size_t>(node)][static_cast<std::size_t>(to)];
    entry.delay_seconds.push_back(std::max(0.0, delay - own) + burst_seconds);
  }
  return entry;
}

Comparison carry_out(const ValidationCase& chosen, const DeviceKind& device, const NetworkKind& network,
                     const Options& options, YardsticksOfKinds& known, const std::string& folder,
                     const std::vector<int>& wanted_cores = {}) {
  const std::vector<double> as_calibrated(static_cast<std::size_t>(chosen.peers), 1);
  PeerConfig config;
  config.scenario_file = write_scenario(chosen, device, network, options.rounds, as_calibrated, folder);
  config.plans_file = folder + "/plans.json";
  const Simulated simulated = simulate(config.scenario_file, folder);
  const int nodes = static_cast<int>(simulated.parameters.size());
  std::optional<ShapedNetwork> links;
  if (!options.loopback) {
    std::vector<AccessLine> lines(static_cast<std::size_t>(nodes),
                                  {chosen.peer_bits_per_second, chosen.peer_bits_per_second});
    if (chosen.has_server()) lines.back() = {chosen.server_bits_per_second, chosen.server_bits_per_second};
    links.emplace(lines);
  }
  const std::vector<int> cores = !links ? std::vector<int>() : wanted_cores.empty() ? cores_for(chosen) : wanted_cores;
  if (!cores.empty()) check_turns(chosen, simulated, cores);
  for (NodeId node = 0; node < nodes; ++node) {
    config.nodes.push_back(node_config(chosen, network, simulated, node, links.has_value()));
    if (!cores.empty())
      config.nodes.back().core_file = fmt::format("{}/core-{}", folder, cores[static_cast<std::size_t>(node)]);
  }
  const std::string config_file = folder + "/peers.json";
  write_peer_config(config_file, config);

  Comparison result;
  result.chosen = chosen;
  Peers peers(config_file, nodes, folder, links ? &*links : nullptr, cores);
  Yardsticks* yardsticks = nullptr;
  if (!cores.empty() && wanted_cores.empty()) {
    auto& of_kind = known[device.name];
    if (!of_kind)
      of_kind = std::make_unique<Yardsticks>(options.devices_file, device.name,
                                             std::vector<int>(cores.begin(), cores.begin() + chosen.peers));
    yardsticks = of_kind.get();
  }
  const auto sent = [&] {
    double bytes = 0;
    for (int node = 0; links && node < nodes; ++node) bytes += links->sent_bytes(node);
    return bytes;
  };
  const double sent_before = sent();
  std::vector<std::map<int, double>> slowness;  // before, between and after the rounds
  std::vector<MeasuredRound> measured;
  const auto look = [&] { slowness.push_back(yardsticks ? yardsticks->slowness() : std::map<int, double>()); };
  look();
  for (std::size_t round = 0; round < simulated.plans.size(); ++round) {
    measured.push_back(peers.round());
    look();
  }
  if (links) result.wire_bytes = sent() - sent_before;
  const std::vector<std::vector<float>> parameters = peers.finish();
  result.same_parameters = true;
  for (int node = 0; node < nodes; ++node) {
    // A client ends with what it trained; what the method makes of it is at the server.
    if (chosen.has_server() && node < nodes - 1) continue;
    result.same_parameters = result.same_parameters && same_bits(parameters[static_cast<std::size_t>(node)],
                                                                 simulated.parameters[static_cast<std::size_t>(node)]);
  }
  for (std::size_t round = 0; round < measured.size(); ++round) {
    const std::vector<double> slow =
        yardsticks ? slowness_of_peers(chosen, cores, slowness[round], slowness[round + 1]) : as_calibrated;
    const std::string scenario =
        write_scenario(chosen, device, network, options.rounds, slow, fmt::format("{}/round-{}", folder, round));
    result.add_round(
        simulated.plans[round], simulated.rounds[round], time_again(scenario, simulated.plans[round], folder),
        yardsticks ? std::make_optional(*std::max_element(slow.begin(), slow.end())) : std::nullopt, measured[round]);
  }
  return result;
}

const DeviceKind& device_for(const Catalogue& catalogue, const ValidationCase& chosen) {
  // Several peers keep both cores busy.
  const std::string wanted = chosen.peers > 1 ? "this-machine-2-threads" : "this-machine-1-thread";
  for (const DeviceKind& kind : catalogue.devices)
    if (kind.name == wanted) return kind;
  if (catalogue.devices.empty()) throw UserError(Mistake{"", 0, "a catalogue without devices", "msfusion calibrate"});
  return catalogue.devices.front();
}

/// Where the catalogue says nothing of the network.
NetworkKind measured_network() {
  const NetworkMeasurement measured = measure_network([](double) {});
  const NetworkFit fit = fit_network(measured.fitted);
  const NetworkError error = error_of(measured.held_out, fit);
  return {fit.bandwidth_factor, fit.latency_seconds, fit.message_bytes,
          fmt::format("measured now, error on {} held-out transfers: median {:.1f} %, worst {:.1f} %", error.transfers,
                      100 * error.median, 100 * error.worst)};
}

/// Says why not, if not.
bool is_possible() {
  const auto reason = ShapedNetwork::reason_unavailable();
  if (reason) fmt::print("validation skipped: {}\n", *reason);
  return !reason;
}

/// The rig against itself: two peers that take turns on one core must take as long as on a core each.
int check_rig(const Catalogue& catalogue, const NetworkKind& network, const Options& options, const fs::path& folder) {
  constexpr double kGoal = 0.02;
  const std::vector<int> allowed = allowed_cores();
  if (allowed.size() < 2) throw RunError("the rig is checked on two cores, and this process may use one");
  ValidationCase chosen = validation_cases().front();
  chosen.cpu_share = 0.4;
  std::vector<double> medians;
  for (const auto& cores : {std::vector<int>{allowed[0], allowed[1]}, std::vector<int>{allowed[0], allowed[0]}}) {
    chosen.name = cores[0] == cores[1] ? "two peers in turns on one core" : "two peers on two cores";
    YardsticksOfKinds yardsticks;
    const Comparison result = carry_out(chosen, device_for(catalogue, chosen), network, options, yardsticks,
                                        (folder / fmt::format("rig-{}", medians.size())).string(), cores);
    std::vector<double> seconds;
    for (const RoundComparison& round : result.rounds) seconds.push_back(round.measured_seconds);
    medians.push_back(median(seconds));
    fmt::print("{}: median round {:.1f} ms, at most {:.1f} ms late\n", chosen.name, 1e3 * medians.back(),
               1e3 * result.late_seconds);
  }
  fs::remove_all(folder);
  const double difference = medians[1] / medians[0] - 1;
  const bool agrees = std::abs(difference) <= kGoal;
  fmt::print("the rig: in turns {:+.1f} % (goal within {:.0f} %): {}\n", 100 * difference, 100 * kGoal,
             agrees ? "reached" : "MISSED");
  return agrees ? 0 : 1;
}

/// Errors of one sign would be a law that the clock lacks.
void print_bias(const std::vector<Comparison>& comparisons) {
  std::map<std::string, std::vector<double>> errors;  // by method
  double worst_compute = 0, worst_transfer = 0;
  for (const Comparison& c : comparisons) {
    errors[c.chosen.method].push_back(c.error());
    worst_compute = std::max(worst_compute, std::abs(c.compute_error()));
    worst_transfer = std::max(worst_transfer, std::abs(c.transfer_error()));
  }
  for (const auto& [method, of] : errors)
    fmt::print("{}: mean signed error of {} cases {:+.1f} %\n", method, of.size(),
               100 * std::accumulate(of.begin(), of.end(), 0.0) / static_cast<double>(of.size()));
  fmt::print("computing: worst {:.1f} %; transfers: worst {:.1f} %\n", 100 * worst_compute, 100 * worst_transfer);
}

/// Intervals are honest where nine in ten rounds lie within them.
void print_coverage(const std::vector<Comparison>& comparisons) {
  constexpr double kLeast = 0.85, kMost = 0.95;
  int within = 0, all = 0;
  for (const Comparison& c : comparisons) {
    within += c.rounds_within();
    all += c.rounds_with_interval();
  }
  if (all == 0) {
    fmt::print("intervals: the catalogue states no uncertainty\n");
    return;
  }
  const double share = static_cast<double>(within) / all;
  fmt::print("intervals: {} of {} rounds ({:.0f} %) within their 90 % interval (goal {:.0f} to {:.0f} %): {}\n", within,
             all, 100 * share, 100 * kLeast, 100 * kMost, share >= kLeast && share <= kMost ? "reached" : "MISSED");
}

int validate(const Options& options) {
  if (!options.loopback && !is_possible()) return kSkipped;
  const Catalogue catalogue = read_catalogue(options.devices_file);
  NetworkKind network;
  if (!options.loopback) {
    network = catalogue.network ? *catalogue.network : measured_network();
    fmt::print(
        "network: {:.2f} % of a link's rate is payload; a message takes {:.0f} us and {:.0f} bytes besides: {}\n",
        100 * network.bandwidth_factor, 1e6 * network.message_latency_seconds, network.message_bytes,
        network.calibration);
  }
  const fs::path folder = fs::temp_directory_path() / fmt::format("msfusion-validate-{}", getpid());
  if (options.check_rig) return check_rig(catalogue, network, options, folder);
  fmt::print("{}\n", kComparisonHead);
  std::fflush(stdout);
  std::vector<Comparison> comparisons;
  YardsticksOfKinds yardsticks;
  for (const ValidationCase& chosen : validation_cases()) {
    if (!options.cases.empty() &&
        std::find(options.cases.begin(), options.cases.end(), chosen.name) == options.cases.end())
      continue;
    comparisons.push_back(carry_out(chosen, device_for(catalogue, chosen), network, options, yardsticks,
                                    (folder / std::to_string(comparisons.size())).string()));
    fmt::print("{}\n", row(comparisons.back()));
    if (const double late = comparisons.back().late_seconds; late > kMostLate)
      fmt::print(stderr, "{}: a turn on a core ended {:.0f} ms late; was the machine quiet?\n", chosen.name,
                 1e3 * late);
    std::fflush(stdout);
  }
  fs::remove_all(folder);
  if (comparisons.empty()) throw UserError(Mistake{"--case", 0, "no case of that name", "--list"});
  std::vector<double> errors;
  bool exact = true;
  json results = json::array();
  for (const Comparison& c : comparisons) {
    errors.push_back(std::abs(c.error()));
    exact = exact && c.same_bytes() && c.same_parameters;
    results.push_back(to_json(c));
  }
  if (!options.out.empty()) write_file(options.out, results.dump(2) + "\n");
  const double middle = median(errors), worst = *std::max_element(errors.begin(), errors.end());
  const bool in_time = middle <= options.median_goal && worst <= options.worst_goal;
  fmt::print("round time: median error {:.1f} % (goal {:.0f} %), worst {:.1f} % (goal {:.0f} %): {}\n", 100 * middle,
             100 * options.median_goal, 100 * worst, 100 * options.worst_goal, in_time ? "reached" : "MISSED");
  print_bias(comparisons);
  print_coverage(comparisons);
  fmt::print("bytes and parameters: {}\n", exact ? "equal in every case" : "DIFFERENT");
  return exact && in_time ? 0 : 1;
}

int main_of(int argc, char** argv) {
  CLI::App app{"Holds the simulator against real peers: separate processes that train and send over shaped links."};
  app.name("msfusion-validate");
  Options options;
  bool list = false, possible = false;
  app.add_option("--devices", options.devices_file, "Catalogue that msfusion calibrate wrote")->type_name("FILE");
  app.add_option("-o,--out", options.out, "Write the results as JSON")->type_name("FILE");
  app.add_option("--case", options.cases, "Only the case of that name; may be repeated");
  app.add_option("--rounds", options.rounds, "Rounds of every case")->capture_default_str()->check(CLI::Range(1, 1000));
  app.add_flag("--loopback", options.loopback,
               "Without namespaces: bytes and parameters only mean something, times do not");
  app.add_flag("--check-rig", options.check_rig,
               "Only hold two peers on two cores against the same two in turns on one");
  app.add_option("--median-goal", options.median_goal, "Median error of the round time")->capture_default_str();
  app.add_option("--worst-goal", options.worst_goal, "Worst error of the round time")->capture_default_str();
  app.add_flag("--possible", possible, "Only say whether this machine allows it: exit code 0 or 77");
  app.add_flag("--list", list, "Print the names of the cases");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (list) {
    for (const ValidationCase& chosen : validation_cases()) fmt::print("{}\n", chosen.name);
    return 0;
  }
  if (possible) return is_possible() ? 0 : kSkipped;
  if (options.devices_file.empty())
    throw UserError(Mistake{"--devices", 0, "no calibrated device", "a file of msfusion calibrate"});
  if (options.check_rig && options.loopback)
    throw UserError(
        Mistake{"--check-rig", 0, "--loopback beside it", "namespaces: over loopback peers are not pinned"});
  return validate(options);
}

}  // namespace

}  // namespace msfusion

int main(int argc, char** argv) {
  try {
    return msfusion::main_of(argc, argv);
  } catch (const msfusion::UserError& error) {
    std::cerr << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "msfusion-validate: " << error.what() << '\n';
    return 1;
  }
}
