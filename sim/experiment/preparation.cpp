#include "sim/experiment/preparation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "sim/base/error.hpp"
#include "sim/base/input_files.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/data/catalogue.hpp"
#include "sim/experiment/senders.hpp"
#include "sim/plan/start_words.hpp"
#include "sim/plan/trained_shape.hpp"
#include "sim/platform/platform_file.hpp"
#include "sim/shape/depth.hpp"
#include "sim/shape/exits.hpp"
#include "sim/shape/layer_file.hpp"
#include "sim/shape/onnx_model.hpp"
#include "sim/shape/start_values.hpp"

namespace msfusion {

namespace {

// The subset of the data is the same for all seeds, so that they differ in what training draws, not in what is learned.
constexpr std::uint64_t kSubsetSeed = 0;

SampleShape sample_shape(const Dataset& data, const ModelOptions& model) {
  if (data.kind == DataKind::tokens) return {InputKind::tokens, 1, 1, window_of(model), data.classes};
  const ImageSet& images = data.train_images;
  return {InputKind::image, images.channels, images.height, images.width, data.classes};
}

// Adds what `action` objects to, at the scenario's line where it names no file of its own.
template <class Action>
void collect(std::vector<Mistake>& mistakes, const std::string& file, int line, Action action) {
  try {
    action();
  } catch (const UserError& error) {
    for (Mistake mistake : error.mistakes()) {
      if (mistake.file.empty()) {
        mistake.file = file;
        if (mistake.line == 0) mistake.line = line;
      }
      mistakes.push_back(std::move(mistake));
    }
  }
}

// Takes the samples that a method distils on away from the devices, so that no device has their labels; every
// device keeps one sample at least.
void set_aside(Partition& parts, std::int64_t wanted, const Method& method, const std::string& file,
               std::uint64_t seed) {
  std::vector<std::pair<std::size_t, std::int32_t>> held;  // device, sample
  for (std::size_t device = 0; device < parts.samples.size(); ++device)
    for (const std::int32_t sample : parts.samples[device]) held.emplace_back(device, sample);
  const auto most = static_cast<std::int64_t>(held.size()) - static_cast<std::int64_t>(parts.samples.size());
  if (wanted > most)
    throw UserError(Mistake{file, method.line, fmt::format("method {}: open-samples=\"{}\"", method.label, wanted),
                            fmt::format("at most {}: every device keeps one of the {} training samples",
                                        std::max<std::int64_t>(most, 0), held.size())});
  Random random(derive_seed(seed, Purpose::subsample, parts.samples.size() + 2));
  shuffle(held, random);
  for (const auto& [device, sample] : held) {
    std::vector<std::int32_t>& samples = parts.samples[device];
    if (wanted == 0) break;
    if (samples.size() == 1) continue;
    samples.erase(std::lower_bound(samples.begin(), samples.end(), sample));
    --wanted;
  }
}

// A limit on energy needs the power of every host.
void check_energy_limit(const Scenario& scenario, const Fleet& fleet) {
  if (!scenario.training.until.joules) return;
  for (NodeId node = 0; node < fleet.nodes(); ++node)
    if (!fleet.node(node).has_power)
      throw UserError(
          Mistake{scenario.file, scenario.training.line,
                  fmt::format("until names an energy, but the platform states no power of {}", fleet.node(node).name),
                  "the property wattage_per_state of every host, or another limit"});
}

// The file that training starts from; empty: none, values are drawn.
std::string start_file(const Scenario& scenario) {
  if (scenario.training.initial == kRandomStart) return "";
  if (!scenario.training.initial.empty()) return scenario.training.initial;
  const auto* model = std::get_if<FileModelOptions>(&scenario.model);
  return model && model->layers->weights ? model->file : "";
}

// Freezes nothing yet, but refuses layers that the model does not have.
void read_start_values(Preparation& preparation) {
  const TrainingOptions& training = preparation.scenario.training;
  const Shape shape = trained_shape(preparation.scenario.model, 1, preparation.samples, training);
  named_tensors_of(shape, training.fresh);
  const std::string file = start_file(preparation.scenario);
  if (file.empty()) return;
  TensorFile values = training.initial.empty() ? *std::get<FileModelOptions>(preparation.scenario.model).layers->weights
                      : std::filesystem::path(file).extension() == ".onnx" ? *read_onnx_model(file).weights
                                                                           : read_safetensors(file);
  check_start_values(values, file, shape, training.fresh);
  preparation.initial = std::make_shared<TensorFile>(without_fresh(std::move(values), shape, training.fresh));
}

double sample_bytes(const Dataset& data) {
  constexpr double kLabelBytes = 4, kTokenBytes = 4;
  if (data.kind == DataKind::tokens) return kTokenBytes * data.window;
  const ImageSet& images = data.train_images;
  constexpr int kValueBytes = 4;
  return static_cast<double>(images.image_bytes()) * (images.has_values ? kValueBytes : 1) + kLabelBytes;
}

}  // namespace

TimingOptions timing_options(const Scenario& scenario, std::uint64_t seed) {
  TimingOptions options;
  options.platform_file = scenario.platform.file;
  options.server = scenario.platform.server;
  options.senders = [methods = scenario.methods, seeds = scenario.seeds](const Fleet& fleet) {
    return senders_of(methods, seeds, fleet);
  };
  options.network = scenario.platform.network == PlatformOptions::Network::lv08 ? TimingOptions::NetworkModel::lv08
                                                                                : TimingOptions::NetworkModel::cm02;
  options.simgrid = scenario.platform.simgrid;
  options.message_loss = scenario.constraints.message_loss;
  options.seed = seed;
  options.sends_at_once = scenario.platform.sends_at_once.value_or(0);
  return options;
}

int rounds_of(const Scenario& scenario, const Method& method) {
  return method.rounds.value_or(scenario.training.rounds);
}

int transfers_at_once(const Scenario& scenario, const Method& method, int devices) {
  constexpr int kMostPeersAtOnce = 64;
  const bool many = facts_of(method.exchange.kind).among_peers && devices > kMostPeersAtOnce;
  return scenario.platform.sends_at_once.value_or(many ? 1 : 0);
}

Preparation prepare(const std::string& scenario_file, const std::vector<Override>& overrides, bool cost_only,
                    const std::function<void()>& before_data) {
  return prepare(read_scenario(scenario_file, overrides), cost_only, before_data);
}

namespace {

void check_counted_traffic(const Scenario& scenario) {
  if (scenario.prices.counted == PriceOptions::Counted::payload) return;
  if (read_platform_file(scenario.platform.file).framing) return;
  throw UserError(Mistake{"", 0, "traffic-counts=\"wire\" in <prices>, on a platform without framing",
                          "<prop id=\"framing\" value=\"tcp\"/> in a zone of the platform file, or payload"});
}

void check_fleet(const Scenario& scenario) {
  if (scenario.platform.fleet == 0 || read_platform_file(scenario.platform.file).states_uncertainty()) return;
  throw UserError(Mistake{
      "", 0,
      fmt::format("fleet=\"{}\" in <platform>, on a platform that states no uncertainty", scenario.platform.fleet),
      "uncertainty of hosts or links in the platform file, or fleet=\"0\""});
}

}  // namespace

Preparation prepare(Scenario read, bool cost_only, const std::function<void()>& before_data) {
  const InputLog log;
  Preparation result;
  result.scenario = std::move(read);
  const Scenario& scenario = result.scenario;
  if (!scenario.evaluation.personal)
    result.scenario.evaluation.personal =
        std::any_of(scenario.methods.begin(), scenario.methods.end(),
                    [](const Method& method) { return method.personal.kind != PersonalKind::none; });
  std::vector<Mistake> mistakes;
  collect(mistakes, scenario.file, scenario.platform.line, [&] {
    result.traces = read_traces(scenario.platform);
    TimingOptions options = timing_options(scenario, 0);
    options.traces = result.traces;
    result.fleet = inspect_platform(options);
    check_counted_traffic(scenario);
    check_fleet(scenario);
  });
  if (mistakes.empty())
    collect(mistakes, scenario.file, scenario.training.line, [&] { check_energy_limit(scenario, result.fleet); });
  if (mistakes.empty() && before_data) before_data();
  collect(mistakes, scenario.file, scenario.data.line,
          [&] { result.data = load_dataset(scenario.data, window_of(scenario.model), kSubsetSeed, cost_only); });
  if (!mistakes.empty()) throw UserError(std::move(mistakes));

  result.samples = sample_shape(result.data, scenario.model);
  collect(mistakes, scenario.file, scenario.model_line, [&] { build_shape(scenario.model, result.samples); });
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
  collect(mistakes, scenario.file, scenario.training.line, [&] { read_start_values(result); });
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
  // Every run's partition, rates and memory, so that no run starts before all of them could.
  for (const RunSpec& run : runs_of(result)) {
    collect(mistakes, scenario.file, scenario.data.line, [&] {
      const RunInputs inputs(result, run);
      const Planner planner(inputs.planner_setup(result.fleet));
    });
    if (!mistakes.empty() && run.seed != scenario.seeds.back()) break;  // other seeds would only repeat it
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
  result.input_files = log.files();
  return result;
}

std::string data_note(const Preparation& preparation) {
  if (!preparation.data.has_drawn_labels) return "";
  return fmt::format(
      "data set {} is not installed: its sizes are those published{}, its labels drawn at random; a run needs it",
      preparation.data.name, preparation.data.sizes_of);
}

std::vector<RunSpec> runs_of(const Preparation& preparation) {
  std::vector<RunSpec> runs;
  for (const Method& method : preparation.scenario.methods)
    for (std::uint64_t seed : preparation.scenario.seeds)
      runs.push_back({static_cast<int>(runs.size()), &method, seed});
  return runs;
}

namespace {

void add_depth(Shape& shape, const Method& method, const std::string& file) {
  const ExitChoice& exits = method.split.exits;
  const char* attribute = exits.is_on() ? "exits" : "depth";
  if (!shape.adapters.empty())
    throw UserError(Mistake{file, method.line,
                            fmt::format("method {}: {} with adapters, which are merged into layers that every "
                                        "exported model has",
                                        method.label, attribute),
                            "one of the two"});
  try {
    shape = exits.is_on() ? with_exits(std::move(shape), exits.stages, exits.kind == ExitChoice::Kind::all,
                                       method.objective.kind == ObjectiveKind::mutual_exits)
                          : with_depth(std::move(shape));
  } catch (const UserError& error) {
    std::vector<Mistake> mistakes = error.mistakes();
    for (Mistake& mistake : mistakes) {
      mistake.file = file;
      mistake.line = method.line;
      mistake.found = fmt::format("method {}: {}: {}", method.label, attribute, mistake.found);
    }
    throw UserError(mistakes);
  }
}

}  // namespace

RunInputs::RunInputs(const Preparation& prepared, const RunSpec& spec)
    : preparation(prepared), run(spec), training(prepared.scenario.training) {
  training.rounds = rounds_of(prepared.scenario, *run.method);
  if (run.method->local_steps) training.local_steps = run.method->local_steps;
  if (run.method->exchange.one_step) training.local_steps = 1;
  parts = partition(prepared.data, prepared.scenario.data, prepared.fleet.size(), run.seed);
  if (run.method->merge.open_samples > 0)
    set_aside(parts, run.method->merge.open_samples, *run.method, prepared.scenario.file, run.seed);
  for (const auto& held : parts.samples) samples_held_.push_back(static_cast<std::int64_t>(held.size()));

  const ModelOptions& model = prepared.scenario.model;
  double width = 1;
  if (facts_of(run.method->split.rule).narrows) {
    const RateChoice& rate = run.method->split.rate;
    width = rate.kind == RateChoice::Kind::given ? rate.levels.front()
                                                 : narrow_rate(model, prepared.samples, planner_setup(prepared.fleet));
  }
  shape = trained_shape(model, width, prepared.samples, training);
  if (!run.method->split.depth.empty() || run.method->split.exits.is_on())
    add_depth(shape, *run.method, prepared.scenario.file);
  keep_private(shape, run.method->personal, run.method->line);
}

PlannerSetup RunInputs::planner_setup(const Fleet& fleet) const {
  return PlannerSetup{shape,
                      fleet,
                      *run.method,
                      training,
                      preparation.scenario.constraints,
                      samples_held_,
                      sample_bytes(preparation.data),
                      run.seed,
                      preparation.scenario.file};
}

}  // namespace msfusion
