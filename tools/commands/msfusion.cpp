// The command line: reads the words, calls the command, turns errors into messages and exit codes.
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>

#include "reports/comparison.hpp"
#include "reports/export.hpp"
#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/output.hpp"
#include "tools/commands/results_folder.hpp"

namespace msfusion {

namespace {

constexpr int kUserMistake = 2, kFailed = 1;

std::vector<Override> parse_overrides(const std::vector<std::string>& texts) {
  std::vector<Override> overrides;
  for (const std::string& text : texts) overrides.push_back(parse_override(text));
  return overrides;
}

std::string quoted(const std::string& word) {
  if (!word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-") ==
          std::string::npos)
    return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::string command_line(int argc, char** argv) {
  std::string text = "msfusion";
  for (int i = 1; i < argc; ++i) text += " " + quoted(argv[i]);
  return text;
}

/// The words of the command line, each command with a function that declares its options.
struct CommandLine {
  CommandLine(int argc, char** argv) : line(command_line(argc, argv)) {
    app.name("msfusion");
    app.set_version_flag("--version", "msfusion " MSFUSION_VERSION "\n" MSFUSION_LIBRARIES);
    app.require_subcommand(1);
    app.footer(
        "Examples:\n"
        "  msfusion run scenarios/quickstart.xml                    run it; the report is in results/quickstart\n"
        "  msfusion run scenarios/quickstart.xml --set training.rounds=3 -o /tmp/try\n"
        "  msfusion plan scenarios/quickstart.xml                   what it would cost, without training\n"
        "  msfusion recost results/quickstart -p other.xml          the same training on other devices and links\n"
        "  msfusion check my.xml                                    find the mistakes of a scenario, run nothing\n"
        "  msfusion compare results/quickstart                      the answer as a table\n\n"
        "Exit codes: 0 done, 1 a run failed, 2 the input is wrong, 130 interrupted (what was done is kept and "
        "reported).\n"
        "How to write a scenario: scenarios/README.md. A platform: platforms/README.md.");
    add_run();
    add_plan();
    add_recost();
    add_platform();
    add_calibrate();
    add_check();
    add_list();
    add_report();
    add_compare();
    add_export();
  }

  int parse_and_act(int argc, char** argv) {
    try {
      app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      suggest_command(argc, argv);
      return app.exit(error) == 0 ? 0 : kUserMistake;
    }
    return action();
  }

  // What CLI11 says of a command that it does not know names neither it nor the ones there are.
  void suggest_command(int argc, char** argv) {
    if (argc < 2 || argv[1][0] == '-' || argv[1][0] == '\0') return;
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(command->get_name());
    if (std::find(names.begin(), names.end(), argv[1]) == names.end())
      throw UserError(
          Mistake{"msfusion", 0, fmt::format("there is no command \"{}\"", argv[1]), one_of(argv[1], names)});
  }

  void set_option(CLI::App* command) {
    command
        ->add_option("--set", sets,
                     "Change an attribute: ELEMENT.ATTRIBUTE=VALUE, e.g. training.rounds=3 or "
                     "methods.method[msfusion].split=0.5; "
                     "may be repeated; one path several times runs every value (a sweep)")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("PATH=VALUE");
  }
  void scenario_options(CLI::App* command) {
    command->add_option("scenario", run.scenario, "The scenario file (XML)")->required();
    set_option(command);
  }

  void add_run() {
    CLI::App* run_command = app.add_subcommand("run", "Carry out a scenario: train, time, record, report");
    scenario_options(run_command);
    run_command->add_option("-o,--out", run.out, "Results folder (default: results/NAME)")->type_name("DIR");
    run_command->add_option("-j,--jobs", run.jobs, "Cores that train at once (default: all)")
        ->check(CLI::Range(1, 1024));
    run_command->add_flag("--resume", run.resume,
                          "Go on where an interrupted or killed run stopped, to the same results");
    run_command
        ->add_option("--checkpoint-every", run.checkpoint_every, "Rounds between checkpoints; 0: only when interrupted")
        ->capture_default_str()
        ->check(CLI::Range(0, 1000000));
    run_command->add_flag("--profile", run.profile,
                          "Print what the processor's time went to: training, evaluation, merging, ...");
    run_command->footer(
        "Examples:\n  msfusion run scenarios/quickstart.xml --set training.rounds=3 -o /tmp/try\n  msfusion run "
        "scenarios/quickstart.xml --set training.rounds=200 --resume   more rounds for a finished run");
    run_command->callback([this] {
      action = [this] {
        run.overrides = parse_overrides(sets);
        run.command_line = line;
        return run_scenario(run);
      };
    });
  }

  void add_plan() {
    CLI::App* plan_command =
        app.add_subcommand("plan", "Plan, time and price a scenario without training: for models of any size");
    scenario_options(plan_command);
    plan_command->add_option("-o,--out", plan.out, "Results folder (default: results/NAME-plan)")->type_name("DIR");
    plan_command->add_option("-j,--jobs", plan.jobs, "Runs at once (default: as many as cores)")
        ->check(CLI::Range(1, 1024));
    plan_command->add_flag("--json", plan.json, "Print one JSON object (docs/plan-json.md) instead of tables");
    plan_command->add_flag("--windows", plan.windows, "With --json: every device's index window on every axis");
    plan_command->footer("Example:\n  msfusion plan scenarios/gpt2-cost.xml --json -o /tmp/plan");
    plan_command->callback([this] {
      action = [this] {
        plan.scenario = run.scenario;
        plan.overrides = parse_overrides(sets);
        plan.command_line = line;
        return plan_scenario(plan);
      };
    });
  }

  void add_recost() {
    CLI::App* recost_command = app.add_subcommand(
        "recost", "Time and price a finished run again, on another platform or price list, without training");
    recost_command->add_option("run", recost.run, "Results folder of a finished run")->required();
    recost_command->add_option("-p,--platform", recost.platform, "Platform file (default: the run's own)")
        ->type_name("FILE");
    recost_command
        ->add_option("--method", recost.methods, "Only the method with this label; may be repeated (default: all)")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("LABEL");
    recost_command->add_option("-o,--out", recost.out, "Results folder (default: RUN-recost)")->type_name("DIR");
    recost_command->add_option("-j,--jobs", recost.jobs, "Runs at once (default: as many as cores)")
        ->check(CLI::Range(1, 1024));
    set_option(recost_command);
    recost_command->footer(
        "Example:\n  msfusion recost results/quickstart -p other.xml --method fedavg --method msfusion");
    recost_command->callback([this] {
      action = [this] {
        recost.overrides = parse_overrides(sets);
        recost.command_line = line;
        return recost_run(recost);
      };
    });
  }

  void add_platform() {
    CLI::App* platform_command =
        app.add_subcommand("platform", "Write a platform file for a mix of devices and links of the catalogue");
    platform_command->add_option("-n,--devices", platform.devices,
                                 "How many devices (default: as many as the parts count, 10 where they are shares)");
    platform_command
        ->add_option(
            "--part", platform.parts,
            "A part of the fleet: so many devices, or with % a share of the rest; may be repeated; see msfusion list "
            "devices")
        ->required()
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->type_name("\"COUNT|SHARE% DEVICE on LINK [in REGION] [split RATE] [churn KIND]\"");
    platform_command->add_option("--server", platform.server, "Kind of the server, or none")->capture_default_str();
    platform_command
        ->add_option("--per-cell", platform.per_cell,
                     "Devices behind one shared access point; 0: none is shared (default: as the catalogue says)")
        ->check(CLI::Range(0, 1'000'000))
        ->type_name("N");
    platform_command
        ->add_option("--aggregator", platform.aggregator,
                     "Kind of an edge aggregator at every access point, for exchange=\"edge\" (default: none)")
        ->type_name("KIND");
    platform_command->add_option("--backhaul", platform.backhaul, "Kind of link between an aggregator and the core")
        ->capture_default_str()
        ->type_name("LINK");
    platform_command
        ->add_option("--spread", platform.spread,
                     "Standard deviation of the logarithm of speeds, bandwidths and latencies; 0: all of a kind alike")
        ->capture_default_str();
    platform_command->add_option("--seed", platform.seed, "Of every draw")->capture_default_str();
    platform_command->add_option("--churn", platform.churn, "When devices are there: none, exponential or diurnal")
        ->capture_default_str()
        ->check(CLI::IsMember({"none", "exponential", "diurnal"}));
    platform_command->add_option("--on", platform.on, "Mean time that a device is on (diurnal: a day)")
        ->capture_default_str()
        ->type_name("TIME");
    platform_command->add_option("--off", platform.off, "Mean time that a device is off (exponential)")
        ->capture_default_str()
        ->type_name("TIME");
    platform_command
        ->add_option("--devices-file", platform.devices_files,
                     "A catalogue of further kinds, e.g. what msfusion calibrate wrote; may be repeated")
        ->allow_extra_args(false)
        ->type_name("FILE");
    platform_command->add_option("-o,--out", platform.out, "The file to write (default: standard output)")
        ->type_name("FILE");
    platform_command->footer(
        "Examples:\n  msfusion platform --part \"5 old-phone on 4g\" --part \"3 laptop on wifi4 in france split 0.5\" "
        "-o fleet.xml\n  msfusion platform -n 100 --part \"80% mid-phone on 4g churn diurnal\" --part \"20% laptop on "
        "fibre\" -o fleet.xml");
    platform_command->callback([this] { action = [this] { return make_platform(platform); }; });
  }

  void add_calibrate() {
    CLI::App* calibrate_command =
        app.add_subcommand("calibrate", "Measure this machine and its TCP and write entries for platform files");
    calibrate_command->add_option("-o,--out", calibrate.out, "The file to write (default: standard output)")
        ->type_name("FILE");
    calibrate_command
        ->add_option("--threads", calibrate.threads,
                     "Cores that train at once: an entry for each number (default: 1 2)")
        ->check(CLI::Range(1, 1024));
    calibrate_command->add_option("--only", calibrate.only, "device or network (default: both; the network needs root)")
        ->check(CLI::IsMember({"device", "network"}));
    calibrate_command->add_flag("-v,--verbose", calibrate.verbose,
                                "Print every step and transfer, measured and predicted");
    calibrate_command->footer("Example:\n  msfusion calibrate --only device --threads 1 4 -o mine.xml");
    calibrate_command->callback([this] { action = [this] { return calibrate_machine(calibrate); }; });
  }

  void add_check() {
    CLI::App* check = app.add_subcommand("check", "Find every mistake of a scenario and say what it would run");
    scenario_options(check);
    check->footer("Example:\n  msfusion check scenarios/quickstart.xml --set training.batch=16");
    check->callback([this] { action = [this] { return check_scenario(run.scenario, parse_overrides(sets)); }; });
  }

  void add_list() {
    CLI::App* list = app.add_subcommand("list", "What a scenario can name");
    list->add_option("what", thing, "What to list; attributes and schema are the reference of scenario files")
        ->required()
        ->check(CLI::IsMember(listed_things()));
    list->footer("Example:\n  msfusion list devices");
    list->callback([this] { action = [this] { return list_things(thing); }; });
  }

  void add_report() {
    CLI::App* report = app.add_subcommand("report", "Make one page of one or many results folders, of runs or sweeps");
    report->add_option("run", report_options.folders, "Results folders")->required();
    report->add_option("-o,--out", report_options.out, "The page to write")->capture_default_str()->type_name("FILE");
    report->add_option("--baseline", report_options.baseline,
                       "Compare costs with this label or method (default: fedavg)");
    report
        ->add_option("--figures", report_options.figures, "Write every chart as SVG into this folder instead of a page")
        ->type_name("DIR");
    report->add_option("--watch", report_options.watch_seconds, "Renew the page this often while a run goes on")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 3600));
    report->footer(
        "Examples:\n  msfusion report results/quickstart results/other -o both.html\n  msfusion report "
        "results/quickstart --figures figures");
    report->callback([this] { action = [this] { return report_runs(report_options); }; });
  }

  void add_compare() {
    CLI::App* compare = app.add_subcommand("compare", "Print which method reached which accuracy at what cost");
    compare->add_option("run", folders, "Results folders")->required();
    compare->add_option("--format", format, "terminal, markdown, latex or csv")
        ->capture_default_str()
        ->check(CLI::IsMember({"terminal", "markdown", "latex", "csv"}));
    compare->add_option("--baseline", baseline, "Compare costs with this label or method (default: fedavg)");
    compare->footer("Example:\n  msfusion compare results/quickstart --format markdown --baseline msfusion");
    compare->callback([this] {
      action = [this] {
        fmt::print("{}", comparison(with_combinations(folders), formats.at(format), baseline));
        return 0;
      };
    });
  }

  void add_export() {
    CLI::App* export_command = app.add_subcommand(
        "export", "Write every table of a results folder as CSV, of a sweep in a folder for each combination");
    export_command->add_option("run", export_folder, "Results folder")->required();
    export_command->add_option("--csv", csv_folder, "Folder for the tables")->required()->type_name("DIR");
    export_command->footer("Example:\n  msfusion export results/quickstart --csv tables");
    export_command->callback([this] {
      action = [this] {
        const std::vector<std::string> each = with_combinations({export_folder});
        for (const std::string& one : each) {
          const std::filesystem::path path(one);
          export_csv(one, one == export_folder ? csv_folder : csv_folder + "/" + path.filename().string());
        }
        return 0;
      };
    });
  }

  CLI::App app{
      "What does it cost, on real devices and links, to train a model together - and which method should we use?\n"
      "msfusion carries out an XML scenario: it really trains every device's sub-model with LibTorch, times each step "
      "on a\n"
      "SimGrid model of devices and links, and reports accuracy, simulated seconds, bytes, joules and money per "
      "method."};
  const std::string line;
  std::function<int()> action;  ///< of the command that was given
  std::vector<std::string> sets;
  RunCommand run;
  PlanCommand plan;
  RecostCommand recost;
  PlatformCommand platform;
  CalibrateCommand calibrate;
  std::string thing;
  ReportCommand report_options;
  std::vector<std::string> folders;
  std::string baseline;
  std::string format = "terminal";
  const std::map<std::string, TableFormat> formats = {{"terminal", TableFormat::terminal},
                                                      {"markdown", TableFormat::markdown},
                                                      {"latex", TableFormat::latex},
                                                      {"csv", TableFormat::csv}};
  std::string export_folder, csv_folder;
};

}  // namespace

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

namespace {

int exit_code_of(int argc, char** argv) {
  try {
    msfusion::guard_standard_streams();
    const int code = msfusion::CommandLine(argc, argv).parse_and_act(argc, argv);
    if (!msfusion::output_arrived()) {
      msfusion::complain("the output could not be written; results folders are complete");
      return msfusion::kFailed;
    }
    // A terminal that closes is not a wish to stop, so no wish was fulfilled.
    return code == 128 + SIGHUP ? msfusion::kFailed : code;
  } catch (const msfusion::UserError& error) {
    std::cerr << error.what() << '\n';
    return msfusion::kUserMistake;
  } catch (const std::exception& error) {
    std::cerr << "msfusion: " << error.what() << '\n';
    return msfusion::kFailed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int code = exit_code_of(argc, argv);
  // Nothing is left to do: the destructors of LibTorch's globals would take a tenth of a second, and a library that is
  // just being opened must not meet them.
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(code);
}
