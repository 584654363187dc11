// The options of the commands that carry out a scenario or look at one: run, plan, recost, check.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "sim/base/error.hpp"
#include "tools/commands/command_line.hpp"
#include "tools/commands/commands.hpp"

namespace msfusion {

namespace {

/// What changes the scenario.
struct Changes {
  std::vector<std::string> sets;      ///< of --set
  std::vector<std::string> settings;  ///< of --cfg
};
using Sets = std::shared_ptr<Changes>;

std::vector<Override> parse_overrides(const Changes& changes) {
  std::vector<Override> overrides;
  for (const std::string& text : changes.sets) overrides.push_back(parse_override(text));
  std::string settings;
  for (const std::string& setting : changes.settings) settings += (settings.empty() ? "" : " ") + setting;
  if (!settings.empty()) overrides.push_back({"platform.simgrid", settings, "--cfg"});
  return overrides;
}

Sets set_option(CLI::App* command) {
  const auto changes = std::make_shared<Changes>();
  command
      ->add_option("--cfg", changes->settings,
                   "One of SimGrid's own settings instead of the scenario's, e.g. network/crosstraffic:yes; may be "
                   "repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("KEY:VALUE");
  command
      ->add_option(
          "--set", changes->sets,
          "Change an attribute: ELEMENT.ATTRIBUTE=VALUE, e.g. training.rounds=3 or "
          "methods.method[msfusion].split=0.5; "
          "may be repeated; one path several times runs every value (a sweep); no VALUE takes the attribute away")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("PATH=VALUE");
  return changes;
}

Sets scenario_options(CLI::App* command, std::string& scenario) {
  command->add_option("scenario", scenario, "The scenario file (XML)")->required()->type_name("FILE");
  return set_option(command);
}

void add_run(CommandLine& line) {
  CLI::App* run_command = line.app.add_subcommand("run", "Carry out a scenario: train, time, record, report");
  const auto run = std::make_shared<RunCommand>();
  const auto sets = scenario_options(run_command, run->scenario);
  run_command->add_option("-o,--out", run->out, "Results folder (default: results/NAME)")->type_name("DIR");
  run_command->add_option("-j,--jobs", run->jobs, "Cores that train at once (default: all)")
      ->check(CLI::Range(1, 1024));
  run_command->add_flag(
      "--resume", run->resume,
      "Go on where a run stopped, to the same results; with more rounds or a later until, beyond its end");
  run_command
      ->add_option("--checkpoint-every", run->checkpoint_every, "Rounds between checkpoints; 0: only when interrupted")
      ->capture_default_str()
      ->check(CLI::Range(0, 1000000));
  run_command->add_flag("--profile", run->profile,
                        "Print what the processor's time went to: training, evaluation, merging, ...");
  run_command
      ->add_option("--redraw-training", run->redraw_training,
                   "Train on so many drawn fleets as well, where plans depend on times (deadlines, asynchronous "
                   "methods): what the platform's uncertainty means for accuracy and order")
      ->type_name("FLEETS")
      ->check(CLI::Range(2, 200));
  run_command->footer(
      "Examples:\n  msfusion run scenarios/quickstart.xml --set training.rounds=3 -o /tmp/try\n  msfusion run "
      "scenarios/whole-model-baselines.xml --set training.rounds=60 --resume   more rounds for a finished run");
  line.does(run_command, [&line, run, sets] {
    run->overrides = parse_overrides(*sets);
    for (int fleet = 0; run->redraw_training > 0 && fleet <= run->redraw_training; ++fleet)
      run->overrides.push_back({"platform.fleet", std::to_string(fleet), "--redraw-training"});
    run->command_line = line.words();
    return run_scenario(*run);
  });
}

void add_plan(CommandLine& line) {
  CLI::App* plan_command =
      line.app.add_subcommand("plan", "Plan, time and price a scenario without training: for models of any size");
  const auto plan = std::make_shared<PlanCommand>();
  const auto sets = scenario_options(plan_command, plan->scenario);
  plan_command->add_option("-o,--out", plan->out, "Results folder (default: results/NAME-plan)")->type_name("DIR");
  plan_command->add_option("-j,--jobs", plan->jobs, "Runs at once (default: as many as cores)")
      ->check(CLI::Range(1, 1024));
  plan_command->add_flag("--json", plan->json, "Print one JSON object (docs/plan-json.md) instead of tables");
  plan_command->add_flag("--windows", plan->windows, "With --json: every device's index window on every axis");
  plan_command->add_flag("--progress", plan->progress, "With --json: a line on standard error for each run that ends");
  plan_command->footer("Example:\n  msfusion plan scenarios/gpt2-cost.xml --json -o /tmp/plan");
  line.does(plan_command, [&line, plan, sets] {
    plan->overrides = parse_overrides(*sets);
    plan->command_line = line.words();
    return plan_scenario(*plan);
  });
}

void add_recost(CommandLine& line) {
  CLI::App* recost_command = line.app.add_subcommand(
      "recost", "Time and price a finished run again, on another platform or price list, without training");
  const auto recost = std::make_shared<RecostCommand>();
  recost_command->add_option("folder", recost->run, "Results folder of a finished run")->required()->type_name("DIR");
  recost_command->add_option("-p,--platform", recost->platform, "Platform file (default: the run's own)")
      ->type_name("FILE");
  recost_command
      ->add_option("--method", recost->methods, "Only the method with this label; may be repeated (default: all)")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("LABEL");
  recost_command->add_option("-o,--out", recost->out, "Results folder (default: RUN-recost)")->type_name("DIR");
  recost_command->add_option("-j,--jobs", recost->jobs, "Runs at once (default: as many as cores)")
      ->check(CLI::Range(1, 1024));
  const auto sets = set_option(recost_command);
  recost_command->footer(
      "Example:\n  msfusion recost results/quickstart -p other.xml --method fedavg --method msfusion");
  line.does(recost_command, [&line, recost, sets] {
    recost->overrides = parse_overrides(*sets);
    recost->command_line = line.words();
    return recost_run(*recost);
  });
}

void add_check(CommandLine& line) {
  CLI::App* check = line.app.add_subcommand("check", "Find every mistake of a scenario and say what it would run");
  const auto scenario = std::make_shared<std::string>();
  const auto model = std::make_shared<CheckModelCommand>();
  CLI::Option* given = check->add_option("scenario", *scenario, "The scenario file (XML)")->type_name("FILE");
  const auto sets = set_option(check);
  CLI::Option* file =
      check->add_option("--model", model->file, "Print the layers, widths and costs of a model file instead")
          ->type_name("FILE")
          ->excludes(given);
  check
      ->add_option("--parameters", model->parameters,
                   "Values for the model file's parameters: \"widths=32 64; depth=2\"")
      ->needs(file);
  check->add_option("--sample", model->sample, "What the model reads: \"3 32 32\", or how many tokens")->needs(file);
  check->add_option("--classes", model->classes, "Classes, or words")->needs(file)->check(CLI::Range(2, 1'000'000));
  check->footer(
      "Examples:\n  msfusion check scenarios/quickstart.xml --set training.batch=16\n  msfusion check --model "
      "scenarios/models/vgg11.xml --sample \"3 32 32\" --classes 10 --parameters units=512");
  line.does(check, [scenario, sets, model] {
    if (!model->file.empty()) return check_model(*model);
    if (scenario->empty())
      throw UserError(
          Mistake{"msfusion check", 0, "neither a scenario nor a model", "a scenario file, or --model FILE"});
    return check_scenario(*scenario, parse_overrides(*sets));
  });
}

}  // namespace

void add_running_commands(CommandLine& line) {
  add_run(line);
  add_plan(line);
  add_recost(line);
  add_check(line);
}

Override parse_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UserError(
        Mistake{"--set", 0, fmt::format("\"{}\"", text), "ELEMENT.ATTRIBUTE=VALUE, e.g. training.rounds=3"});
  // "[msfusion]" may itself hold an '=', as in method[@label=...]; the value starts after the bracket.
  const std::size_t bracket = text.find(']');
  const std::size_t split = bracket != std::string::npos && equals < bracket ? text.find('=', bracket) : equals;
  if (split == std::string::npos)
    throw UserError(Mistake{"--set", 0, fmt::format("\"{}\"", text), "ELEMENT.ATTRIBUTE=VALUE"});
  return {text.substr(0, split), text.substr(split + 1)};
}

}  // namespace msfusion
