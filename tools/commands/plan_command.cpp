// `msfusion plan`: what a scenario would cost, from its plans and the clock alone.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "reports/export.hpp"
#include "reports/intervals.hpp"
#include "reports/summary.hpp"
#include "sim/base/error.hpp"
#include "sim/base/units.hpp"
#include "sim/experiment/plan_json.hpp"
#include "sim/record/format.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/output.hpp"
#include "tools/commands/progress_view.hpp"
#include "tools/commands/run_records.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The rounds of a run as its process writes them: one object a line.
std::string rounds_file(const ResultsFolder& folder, int run) {
  return folder.file(fmt::format("plan-{}.jsonl", run));
}

std::function<RoundObserver(const RunInputs&)> json_writer(const ResultsFolder& folder, bool windows) {
  return [&folder, windows](const RunInputs& inputs) -> RoundObserver {
    const auto out = std::make_shared<std::ofstream>(rounds_file(folder, inputs.run.run));
    return [out, windows, &inputs](const Timing& timing, const RoundPlan& plan, const TimedRound& timed,
                                   const RoundResult& result) {
      *out << round_json(inputs.shape, timing, plan, timed, result, windows) << '\n' << std::flush;
      if (!*out) throw RunError("the plan could not be written: is the disk full?");
    };
  };
}

// Line by line, because the plan of a large fleet need not fit into memory.
void print_json(const Scenario& scenario, const ResultsFolder& folder, const std::vector<RunRecord>& runs) {
  fmt::print("{{\"scenario\":{},\"network_model\":\"{}\",\"runs\":[", quoted(scenario.name),
             scenario.platform.network == PlatformOptions::Network::cm02 ? "CM02" : "LV08");
  for (const RunRecord& run : runs) {
    fmt::print(
        "{}\n{{\"method\":{},\"label\":{},\"seed\":{},\"state\":\"{}\",\"ended_by\":{},\"model\":{{\"parameters\":{},"
        "\"forward_macs\":{"
        "}}},"
        "\"rounds\":[",
        run.run == 0 ? "" : ",", quoted(run.method), quoted(run.label), run.seed, run.state,
        run.ended_by.empty() ? "null" : quoted(run.ended_by), run.model_parameters, run.model_forward_macs);
    std::ifstream rounds(rounds_file(folder, run.run));
    const char* before = "";
    for (std::string line; std::getline(rounds, line); before = ",") fmt::print("{}\n{}", before, line);
    fmt::print("]}}");
  }
  fmt::print("]}}\n");
}

std::string per_round(const Maybe& total, int rounds, Quantity quantity) {
  return total ? human(*total / rounds, quantity) : "unknown";
}

std::string ending_of(const RunReport& report) {
  const char* ended = report.state == RunReport::State::finished ? "planned" : "not planned to its end";
  return fmt::format("{} (seed {}) {}: {} of {} rounds, {} simulated", report.run.method->label, report.run.seed, ended,
                     report.progress.rounds_done, report.progress.rounds,
                     human(report.progress.simulated_seconds, Quantity::seconds));
}

std::string money(const Maybe& usd) {
  return usd ? fmt::format("{:.4g} USD", *usd) : "unknown";
}

// Secure aggregation, a round; nothing without it.
void print_secure(const StoreReader& store, const RunRecord& run) {
  const std::vector<SecureSumRecord> rounds = store.secure_sums(run.run);
  if (rounds.empty()) return;
  SecureSumRecord all;
  for (const SecureSumRecord& round : rounds) {
    all.bytes += round.bytes;
    all.clear_bytes += round.clear_bytes;
    all.device_seconds += round.device_seconds;
    all.server_seconds += round.server_seconds;
    all.sums += round.sums;
    all.lost_sums += round.lost_sums;
  }
  const auto count = static_cast<double>(rounds.size());
  fmt::print("  secure sums   {} a round{}, {} computing on a device, {} on the server{}\n",
             human(all.bytes / count, Quantity::bytes),
             all.clear_bytes > 0 ? fmt::format(", {:.3g} x the clear updates", all.bytes / all.clear_bytes) : "",
             human(all.device_seconds / count, Quantity::seconds), human(all.server_seconds / count, Quantity::seconds),
             all.lost_sums > 0 ? fmt::format("; {} of {} sums lost", all.lost_sums, all.sums) : "");
}

// Of all rounds; nothing where no fleets were drawn.
void print_intervals(const RunSummary& summary) {
  if (!summary.total.drawn) return;
  const Drawn& drawn = *summary.total.drawn;
  std::string text;
  const auto add = [&](const std::vector<double>& draws, auto&& in_words) {
    if (const auto interval = interval_of(draws))
      text += fmt::format(", {} to {}", in_words(interval->low), in_words(interval->high));
  };
  add(drawn.seconds, [](double value) { return human(value, Quantity::seconds); });
  add(drawn.joules, [](double value) { return human(value, Quantity::joules); });
  add(drawn.usd, [](double value) { return money(value); });
  fmt::print("  90 % of {:<3}   {} (fleets drawn from the platform's uncertainty)\n", drawn.seconds.size(),
             text.substr(2));
}

void print_summary(const StoreReader& store, const RunRecord& run) {
  const RunSummary summary = summarise(store, run, {});
  const auto rounds = store.rounds(run.run);
  if (rounds.empty()) return;
  double low = 1, high = 0, memory = 0;
  for (const DeviceRoundRecord& device : store.device_rounds(run.run)) {
    low = std::min(low, device.split);
    high = std::max(high, device.split);
    memory = std::max(memory, device.peak_memory_bytes);
  }
  const auto slowest = std::max_element(rounds.begin(), rounds.end(), [](const RoundRecord& a, const RoundRecord& b) {
    return a.end_seconds - a.start_seconds < b.end_seconds - b.start_seconds;
  });
  const int count = summary.rounds_done;
  const std::string ending = run.ended_by.empty() || run.ended_by == name_of(kRunEndings, RunEnding::rounds)
                                 ? ""
                                 : fmt::format(", ended by {}", run.ended_by);
  fmt::print("{}: {}\n", run.label, run.choices);
  fmt::print("  model         {:.4g} M parameters, {:.4g} M MACs per sample forward\n",
             static_cast<double>(run.model_parameters) / 1e6, static_cast<double>(run.model_forward_macs) / 1e6);
  fmt::print("  devices       split {:.4g}{}, at most {} of memory\n", low,
             high > low ? fmt::format(" to {:.4g}", high) : "", human(memory, Quantity::bytes));
  fmt::print("  mean round    {}, {:.4g} GFLOP, {} sent, {}, {}\n",
             per_round(summary.total.seconds, count, Quantity::seconds), summary.total.training_flops / count / 1e9,
             per_round(summary.total.bytes, count, Quantity::bytes),
             per_round(summary.total.joules, count, Quantity::joules),
             money(summary.total.usd ? Maybe(*summary.total.usd / count) : Maybe{}));
  fmt::print("  {:>3} round{}    {}, {} sent, {}, {}{}\n", count, count == 1 ? " " : "s",
             human(summary.total.seconds, Quantity::seconds), human(summary.total.bytes, Quantity::bytes),
             summary.total.joules ? human(*summary.total.joules, Quantity::joules) : "energy unknown",
             money(summary.total.usd), ending);
  if (summary.total.wire_bytes)
    fmt::print("  on the wire   {} sent, {:+.1f} % with headers and acknowledgements\n",
               human(*summary.total.wire_bytes, Quantity::bytes),
               100 * (*summary.total.wire_bytes / summary.total.bytes - 1));
  print_intervals(summary);
  if (summary.total.epsilon)
    fmt::print("  privacy       epsilon {:.4g} at delta {:g} after {} round{}\n", *summary.total.epsilon,
               summary.delta.value(), count, count == 1 ? "" : "s");
  print_secure(store, run);
  if (!run.without_power.empty())
    fmt::print("  energy        the platform states no power of {}{}\n", run.without_power,
               summary.total.device_joules
                   ? "; the devices alone: " + human(*summary.total.device_joules, Quantity::joules)
                   : "");
  fmt::print("  longest round {}: {}\n", shown_round(slowest->round), slowest->critical_path);
  for (const WarningRecord& warning : store.warnings())
    if (warning.run == run.run)
      fmt::print("  warning       {}{}\n",
                 warning.round < 0 ? "" : fmt::format("round {}: ", shown_round(warning.round)), warning.text);
  fmt::print("\n");
}

}  // namespace

int plan_scenario(const PlanCommand& command) {
  if (command.of_sweep.empty()) {
    const Scenario scenario = read_scenario(command.scenario, split_sweep(command.overrides, {}).fixed);
    const Sweep sweep = split_sweep(command.overrides, scenario.sweep);
    if (!sweep.axes.empty()) return plan_sweep(command, sweep, scenario.name);
  }
  const Preparation preparation = prepare(command.scenario, command.overrides, true);
  const ResultsFolder folder(
      command.out.empty() ? fs::path("results") / (preparation.scenario.name + "-plan") : fs::path(command.out), false,
      command.json);
  const std::string store_file = folder.file("run.sqlite");
  MetaMap meta = meta_of(preparation, command.command_line, ResultKind::plan);
  meta.insert(command.of_sweep.begin(), command.of_sweep.end());
  StoreWriter::create(store_file, meta, run_records(preparation));

  LaunchOptions options;
  options.store_file = store_file;
  options.store_id = StoreReader(store_file).id();
  options.checkpoint_folder = folder.file("checkpoints");
  options.jobs = command.jobs;
  options.cores = command.share.budget;
  options.first_process = command.share.first_process;
  options.participation_folder = folder.path().string();
  if (command.json) options.observe = json_writer(folder, command.windows);
  Interruption interruption;
  options.ends_at_once = true;
  ProgressView view(preparation);
  if (isatty(STDOUT_FILENO) == 1 && !command.json && command.of_sweep.empty())
    options.on_change = [&](const std::vector<RunReport>& all, int changed) { view.update(all, changed); };
  if (command.json && command.progress)
    options.on_change = [](const std::vector<RunReport>& all, int changed) {
      const RunReport& report = all[static_cast<std::size_t>(changed)];
      if (report.state != RunReport::State::running) complain(ending_of(report));
    };
  const std::vector<RunReport> reports = launch(preparation, LearnerFactory{}, options, interruption);
  for (const RunReport& report : reports)
    if (report.state == RunReport::State::failed)
      complain(fmt::format("{} (seed {}) failed: {}", report.run.method->label, report.run.seed, report.message));

  const StoreReader store(store_file);
  const auto runs = store.runs();
  if (command.json) {
    print_json(preparation.scenario, folder, runs);
    for (const RunRecord& run : runs) fs::remove(rounds_file(folder, run.run));
  } else {
    for (const RunRecord& run : runs)
      if (run.seed == preparation.scenario.seeds.front()) print_summary(store, run);
    if (preparation.scenario.training.until.target)
      fmt::print("without training it is unknown when the target is reached: the plan goes on to the other limits\n");
    fmt::print("every round and device: {}\n", store_file);
  }
  return exit_code(reports, interruption.signal);
}

}  // namespace msfusion
