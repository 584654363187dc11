#include "tests/reports/sample_store.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_real_distribution.hpp>
#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "sim/base/seed.hpp"
#include "sim/record/store.hpp"

namespace msfusion {

namespace {

struct Kind {
  const char* name;
  double flops, bytes_per_second, watts;
};
constexpr Kind kKinds[] = {{"phone", 8e9, 1.2e6, 4}, {"raspberry", 20e9, 4e6, 7}, {"laptop", 90e9, 12e6, 45}};

struct Axis {
  const char* name;
  int units;
};
constexpr Axis kAxes[] = {{"conv1", 32}, {"conv2", 64}, {"conv3", 128}};

/// One method's made-up behaviour.
struct Behaviour {
  double split, ceiling, speed;
  bool server, shifts;
};

Behaviour behaviour(const std::string& method) {
  if (method == "msfusion") return {0.25, 0.87, 0.11, false, true};
  if (method == "fedrolex") return {0.25, 0.81, 0.07, true, true};
  if (method == "heterofl") return {0.25, 0.55, 0.05, true, false};
  if (method == "fedavg") return {1, 0.90, 0.09, true, false};
  if (method == "narrow") return {0.25, 0.84, 0.12, true, false};
  return {0.5, 0.8, 0.08, true, true};
}

class SampleRun {
 public:
  SampleRun(const SampleOptions& options, const RunRecord& run)
      : options_(options),
        run_(run),
        behaviour_(behaviour(run.method)),
        engine_(derive_seed(run.seed, Purpose::synthetic_data)) {
    for (int i = 0; i < options.devices; ++i) gain_.push_back(0.85 + 0.3 * draw());
    for (const auto& axis : kAxes) ever_.emplace_back(static_cast<std::size_t>(axis.units), false);
  }

  /// The second device is away for a while.
  std::vector<StateEventRecord> states() const {
    if (!options_.with_trouble || options_.devices < 2) return {};
    return {{run_.run, 1, 0, 4, false, {}}, {run_.run, 1, 1, 6, true, {}}};
  }

  std::vector<DeviceRecord> devices() const {
    std::vector<DeviceRecord> records;
    for (int i = 0; i < options_.devices; ++i) {
      const auto& kind = kind_of(i);
      records.push_back({run_.run,
                         i,
                         fmt::format("{}-{}", kind.name, i),
                         kind.name,
                         false,
                         kind.flops,
                         2e9,
                         500 + 20 * i,
                         has_battery(i) ? Maybe(kBatteryJoules) : Maybe{},
                         {},
                         {}});
    }
    if (behaviour_.server)
      records.push_back({run_.run, options_.devices, "cloud", "server", true, 1e12, {}, 0, {}, {}, {}});
    return records;
  }

  /// Each device has an own link, and three cells share their air.
  std::vector<LinkRecord> links() const {
    std::vector<LinkRecord> records;
    for (int i = 0; i < options_.devices; ++i)
      records.push_back(
          {run_.run, fmt::format("access-{}", i), 4 * kind_of(i).bytes_per_second, 0.01, i, options_.devices});
    for (int cell = 0; cell < kCells; ++cell)
      records.push_back({run_.run, fmt::format("cell-{}", cell), 2e7, 0.005, {}, options_.devices});
    return records;
  }

  std::vector<JointRecord> joints() const {
    std::vector<JointRecord> records;
    for (int i = 0; i < options_.devices; ++i) records.push_back({run_.run, i, fmt::format("cell-{}", i % kCells), ""});
    if (behaviour_.server)
      for (int cell = 0; cell < kCells; ++cell)
        records.push_back({run_.run, options_.devices, fmt::format("cell-{}", cell), ""});
    for (int cell = 1; cell < kCells; ++cell) records.push_back({run_.run, -1, "cell-0", fmt::format("cell-{}", cell)});
    return records;
  }

  std::vector<PeerRecord> peers() const {
    std::vector<PeerRecord> records;
    if (behaviour_.server) return records;
    const int n = options_.devices;
    for (int a = 0; a < n; ++a)
      for (int b = a + 1; b < n; ++b) {
        const bool ring = b == a + 1 || (a == 0 && b == n - 1);
        const bool chord = (a % 3 == 0 || b % 3 == 0) && b - a == n / 2;
        const auto& graph = options_.peer_graph;
        if (graph == "complete" || (graph == "star" && a == 0) || (graph == "ring" && ring) ||
            (graph == "chords" && (ring || chord)))
          records.push_back({run_.run, a, b});
      }
    if (options_.peer_graph == "to nobody") records.push_back({run_.run, 0, n + 7});
    return records;
  }

  RoundResult round(int number) {
    RoundResult result;
    auto& round = result.round;
    round.run = run_.run;
    round.round = number;
    round.start_seconds = round.end_seconds = clock_;
    round.participants = options_.devices;
    for (int device = 0; device < options_.devices; ++device) add_device(result, device);
    clock_ = round.end_seconds;
    if (round.completed > 0) round.mean_loss = *round.mean_loss / round.completed;
    add_costs(result);
    add_coverage(result);
    if (run_.method == "msfusion") round.overlap_control = std::min(1.0, 0.3 + 0.02 * number);
    add_evaluation(result);
    if (round.completed < round.participants)
      result.warnings.push_back({run_.run, number, fmt::format("{}-1 failed while computing", kind_of(1).name)});
    result.wall.run = run_.run;
    result.wall.round = number;
    result.wall.round_seconds = 0.7;
    return result;
  }

 private:
  static constexpr int kCells = 3;
  static constexpr double kBatteryJoules = 4e4;

  bool has_battery(int device) const {
    return options_.with_trouble && std::string(kind_of(device).name) != "raspberry";
  }

  /// What one device trained and sent, and what it means for the round.
  void add_device(RoundResult& result, int i) {
    auto& round = result.round;
    const int number = round.round;
    const double parameters = 1.2e6 * behaviour_.split * behaviour_.split;
    const double bytes = 4 * parameters;
    const auto& kind = kind_of(i);
    const auto g = gain_[static_cast<std::size_t>(i)];
    DeviceRoundRecord device;
    device.run = run_.run;
    device.round = number;
    device.device = i;
    device.split = behaviour_.split;
    device.parameters = static_cast<std::int64_t>(parameters);
    device.samples = 500 + 20 * i;
    device.training_flops = 6 * 40e6 * behaviour_.split * behaviour_.split * static_cast<double>(device.samples) / 10;
    device.peak_memory_bytes = 3 * bytes + 4e6;
    device.bytes_sent = device.bytes_received = bytes;
    const double send = bytes / kind.bytes_per_second * (0.95 + 0.1 * draw());
    const double busy = device.training_flops / kind.flops * g * (0.95 + 0.1 * draw());
    const bool failed = i == 1 && draw() < 0.1;
    device.start_seconds = clock_;
    device.compute_start_seconds = clock_ + (behaviour_.server ? send : 0);
    device.busy_seconds = failed ? busy / 2 : busy;
    device.compute_end_seconds = *device.compute_start_seconds + device.busy_seconds;
    device.fate = failed ? "failed" : "done";
    if (failed) {
      device.bytes_sent = 0;
    } else {
      device.exchange_end_seconds = *device.compute_end_seconds + send;
      device.loss = 2.3 * std::exp(-behaviour_.speed * number) + 0.2 + 0.05 * draw();
      round.end_seconds = std::max(round.end_seconds, *device.exchange_end_seconds);
      if (round.end_seconds == *device.exchange_end_seconds) {
        round.critical_node = i;
        round.critical_path = fmt::format("{}-{} computes {:.1f} s, sends {:.1f} s", kind.name, i, busy, send);
        const int to = behaviour_.server ? options_.devices : (i + 1) % options_.devices;
        result.critical_steps = {
            {run_.run, number, 0, i, i, *device.compute_start_seconds, *device.compute_end_seconds},
            {run_.run, number, 1, i, to, *device.compute_end_seconds, round.end_seconds}};
      }
      ++round.completed;
      round.mean_loss = round.mean_loss.value_or(0) + *device.loss;
    }
    add_slice(result, device, failed);
    round.training_flops += device.training_flops;
    round.bytes_sent += (behaviour_.server ? 2 : 1) * bytes;
    round.bytes_received += device.bytes_received + device.bytes_sent;
    result.links.push_back({run_.run, number, fmt::format("access-{}", i), 2 * bytes, {}});
    result.devices.push_back(device);
  }

  void add_slice(RoundResult& result, DeviceRoundRecord& device, bool failed) {
    for (std::size_t a = 0; a < std::size(kAxes); ++a) {
      const auto& axis = kAxes[a];
      const int length = static_cast<int>(std::ceil(behaviour_.split * axis.units));
      const int start =
          behaviour_.shifts
              ? (device.round + (behaviour_.server ? 0 : device.device * axis.units / options_.devices)) % axis.units
              : 0;
      device.slice.push_back({start, length, axis.units, true});
      if (result.coverage.size() <= a)
        result.coverage.push_back(
            {run_.run, device.round, axis.name, std::vector<std::uint16_t>(static_cast<std::size_t>(axis.units), 0)});
      if (failed) continue;
      for (int u = 0; u < length; ++u) {
        const auto unit = static_cast<std::size_t>((start + u) % axis.units);
        ++result.coverage[a].trained_by[unit];
        ever_[a][unit] = true;
      }
    }
  }

  /// Energy, money and batteries.
  void add_costs(RoundResult& result) {
    auto& round = result.round;
    double joules = 0;
    for (auto& device : result.devices) {
      result.activities.push_back(activity(device, round));
      const double span = round.end_seconds - round.start_seconds;
      const double exchange =
          (device.exchange_end_seconds ? *device.exchange_end_seconds : *device.compute_end_seconds) -
          *device.start_seconds - device.busy_seconds;
      device.idle_seconds = std::max(0.0, span - exchange - device.busy_seconds);
      if (options_.with_energy) device.joules = kind_of(device.device).watts * device.busy_seconds + 1.5 * span;
      if (options_.with_energy) device.usd = 2e-5 * device.busy_seconds;
      joules += device.joules.value_or(0);
      if (has_battery(device.device)) {
        const double left = std::max(
            0.0, kBatteryJoules * (1 - 0.02 * (round.round + 1) * gain_[static_cast<std::size_t>(device.device)]));
        result.batteries.push_back({run_.run, round.round, device.device, left});
      }
    }
    if (behaviour_.server)
      result.activities.push_back({run_.run,
                                   round.round,
                                   options_.devices,
                                   0,
                                   0,
                                   0,
                                   round.end_seconds - round.start_seconds,
                                   0,
                                   0,
                                   {{0, round.end_seconds - round.start_seconds, false, true, true}}});
    if (options_.with_energy) round.joules = joules;
    if (options_.with_energy) round.usd = 3e-8 * round.bytes_sent / 1e3 + joules / 3.6e6 * 0.3;
  }

  void add_coverage(RoundResult& result) const {
    double ever = 0, now = 0, units = 0;
    for (std::size_t a = 0; a < std::size(kAxes); ++a)
      for (std::size_t u = 0; u < ever_[a].size(); ++u, ++units) {
        ever += ever_[a][u] ? 1 : 0;
        now += result.coverage[a].trained_by[u] ? 1 : 0;
      }
    result.round.coverage = now / units * (behaviour_.split < 1 ? 0.5 : 1);
    result.round.coverage_ever = ever / units;
  }

  void add_evaluation(RoundResult& result) {
    const int number = result.round.round;
    EvaluationRecord evaluation;
    evaluation.run = run_.run;
    evaluation.round = number;
    evaluation.seconds = clock_;
    evaluation.global_accuracy =
        std::min(0.999, behaviour_.ceiling - (behaviour_.ceiling - 0.1) * std::exp(-behaviour_.speed * number) +
                            0.02 * (draw() - 0.5));
    evaluation.global_loss = 2.3 * (1 - evaluation.global_accuracy) + 0.1;
    double mean = 0;
    for (int i = 0; i < options_.devices; ++i) {
      const double accuracy =
          std::clamp(evaluation.global_accuracy - 0.03 + 0.25 * (gain_[static_cast<std::size_t>(i)] - 1), 0.0, 1.0);
      mean += accuracy / options_.devices;
      result.device_evaluations.push_back({run_.run, number, i, accuracy, 2.3 * (1 - accuracy) + 0.1});
    }
    evaluation.submodel_accuracy = mean;
    evaluation.submodel_loss = 2.3 * (1 - mean) + 0.1;
    result.evaluation = evaluation;
  }

  ActivityRecord activity(const DeviceRoundRecord& device, const RoundRecord& round) const {
    ActivityRecord record;
    record.run = run_.run;
    record.round = round.round;
    record.device = device.device;
    const double start = *device.compute_start_seconds - round.start_seconds, stop = start + device.busy_seconds;
    record.receive_seconds = start;
    record.compute_seconds = device.busy_seconds;
    if (start > 0) record.spans.push_back({0, start, false, false, true});
    record.spans.push_back({start, stop, true, false, false});
    double end = stop;
    if (device.exchange_end_seconds) {
      end = *device.exchange_end_seconds - round.start_seconds;
      (behaviour_.server ? record.send_seconds : record.both_seconds) = end - stop;
      record.spans.push_back({stop, end, false, true, !behaviour_.server});
    }
    record.idle_seconds = std::max(0.0, round.end_seconds - round.start_seconds - end);
    return record;
  }

  static const Kind& kind_of(int device) { return kKinds[static_cast<std::size_t>(device) % std::size(kKinds)]; }
  double draw() { return boost::random::uniform_real_distribution<double>(0, 1)(engine_); }

  const SampleOptions& options_;
  RunRecord run_;
  Behaviour behaviour_;
  std::mt19937_64 engine_;
  std::vector<double> gain_;
  std::vector<std::vector<bool>> ever_;
  double clock_ = 0;
};

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "msfusion-reports-XXXXXX").string();
  path = mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

void write_sample(const std::filesystem::path& folder, const SampleOptions& options) {
  std::filesystem::create_directories(folder);
  std::vector<RunRecord> runs;
  for (std::size_t m = 0; m < options.methods.size(); ++m)
    for (int seed = 1; seed <= options.seeds; ++seed) {
      RunRecord run;
      run.run = static_cast<int>(runs.size());
      run.method = options.methods[m];
      run.label = m < options.labels.size() ? options.labels[m] : run.method;
      run.choices = run.method == "msfusion" ? "double shift | contrastive | peers | overlap mean"
                                             : "full | cross-entropy | server | mean";
      run.seed = static_cast<std::uint64_t>(seed);
      run.rounds = options.rounds;
      run.state = "waiting";
      run.model_parameters = 1200000;
      run.model_forward_macs = 40000000;
      runs.push_back(run);
    }
  auto writer =
      StoreWriter::create((folder / "run.sqlite").string(),
                          {{"scenario", options.name},
                           {"description", "Ten small devices learn to tell clothes apart"},
                           {"scenario_text", "<scenario name=\"sample\">\n  <training rounds=\"40\"/>\n</scenario>\n"},
                           {"command", "msfusion run scenarios/sample.xml"},
                           {"version", "0.1.0"},
                           {"libraries", "LibTorch 1.13.1, SimGrid 3.32"},
                           {"seeds", "1 2 3"},
                           {"targets", options.targets}},
                          runs);
  for (const auto& run : runs) {
    SampleRun sample(options, run);
    writer.write_devices(sample.devices(), sample.states());
    writer.write_network(sample.links(), sample.joints(), sample.peers());
    const auto left = runs.size() - static_cast<std::size_t>(run.run);
    const bool breaks = options.unfinished && left <= 2;
    for (int round = 0; round < (breaks ? options.rounds / 2 : options.rounds); ++round)
      writer.write_round(sample.round(round));
    if (breaks && left == 2) {
      writer.set_state(run.run, "failed", "loss is not finite in round 20 on phone-3; the last finite loss was 12.4");
    } else {
      writer.set_state(run.run, breaks ? "running" : "finished");
    }
  }
}

SampleOptions one_method() {
  SampleOptions options;
  options.methods = {"msfusion"};
  options.seeds = 1;
  options.rounds = 1;
  return options;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace msfusion
