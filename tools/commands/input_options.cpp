// The options of the commands that make a scenario's inputs and say what there is: new, platform, calibrate, list,
// doctor.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>

#include "sim/data/catalogue.hpp"
#include "tools/commands/command_line.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/new_questions.hpp"

namespace msfusion {

namespace {

void add_new(CommandLine& line) {
  const auto options = std::make_shared<NewCommand>();
  CLI::App* command = line.app.add_subcommand("new", "Write a commented scenario to begin with, and its platform file");
  command->add_option("-o,--out", options->out, "The scenario to write; its platform goes beside it")
      ->capture_default_str()
      ->type_name("FILE");
  command
      ->add_option("--devices", options->devices,
                   "Parts of the fleet as in msfusion platform, separated by commas; may be repeated")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->capture_default_str()
      ->type_name("PARTS");
  command->add_option("-n,--count", options->count,
                      "How many devices (default: as many as the parts count, 10 where they are shares)");
  command->add_option("--data", options->data, "The data set")
      ->capture_default_str()
      ->type_name("{" + fmt::format("{}", fmt::join(dataset_names(), ",")) + "}");
  command->add_option("--path", options->path, "Folder of the data (default: the usual places)")->type_name("DIR");
  command->add_option("--model", options->model, "Kind of model (default: cnn for images, lstm for text)");
  command->add_option("--methods", options->methods, "Methods, separated by commas; see msfusion list methods")
      ->capture_default_str();
  command->add_option("--rounds", options->rounds, "Rounds of training")
      ->capture_default_str()
      ->check(CLI::Range(1, 1'000'000'000));
  command->add_option("--target", options->target, "Accuracies whose cost is asked, e.g. \"0.6 0.7\"");
  command->footer(
      "On a terminal and without these options it asks for the devices, the data, the methods, rounds and targets.\n"
      "Example:\n  msfusion new --devices \"60% old-phone on 4g, 40% laptop on wifi4\" --data fashion-mnist --methods "
      "msfusion,fedavg -o mine.xml");
  line.does(command, [command, options] {
    const auto given = command->get_options([](const CLI::Option* one) { return one->count() > 0; });
    const bool says_nothing =
        std::all_of(given.begin(), given.end(), [](const CLI::Option* one) { return one->check_name("--out"); });
    if (says_nothing && isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1) ask_for(*options, std::cin);
    return new_scenario(*options);
  });
}

void add_doctor(CommandLine& line) {
  CLI::App* command =
      line.app.add_subcommand("doctor", "Say what is installed and found, and what is missing for what");
  command->footer("Exit code 1: scenarios cannot be run.\n\nExample:\n  msfusion doctor");
  line.does(command, examine_installation);
}

void add_platform(CommandLine& line) {
  const auto platform = std::make_shared<PlatformCommand>();
  CLI::App* platform_command =
      line.app.add_subcommand("platform", "Write a platform file for a mix of devices and links of the catalogue");
  platform_command->add_option("-n,--devices", platform->devices,
                               "How many devices (default: as many as the parts count, 10 where they are shares)");
  platform_command
      ->add_option(
          "--part", platform->parts,
          "A part of the fleet: so many devices, or with % a share of the rest; may be repeated; see msfusion list "
          "devices")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->type_name("\"COUNT|SHARE% DEVICE on LINK [in REGION] [split RATE] [churn KIND]\"");
  platform_command->add_option("--server", platform->server, "Kind of the server, or none")->capture_default_str();
  platform_command
      ->add_option("--per-cell", platform->per_cell,
                   "Devices behind one shared access point; 0: none is shared (default: as the catalogue says)")
      ->check(CLI::Range(0, 1'000'000))
      ->type_name("N");
  platform_command
      ->add_option("--aggregator", platform->aggregator,
                   "Kind of an edge aggregator at every access point, for exchange=\"edge\" (default: none)")
      ->type_name("KIND");
  platform_command->add_option("--backhaul", platform->backhaul, "Kind of link between an aggregator and the core")
      ->capture_default_str()
      ->type_name("LINK");
  platform_command
      ->add_option("--spread", platform->spread,
                   "Standard deviation of the logarithm of speeds, bandwidths and latencies; 0: all of a kind alike")
      ->capture_default_str();
  platform_command->add_option("--seed", platform->seed, "Of every draw")->capture_default_str();
  platform_command->add_option("--churn", platform->churn, "When devices are there: none, exponential or diurnal")
      ->capture_default_str()
      ->check(CLI::IsMember({"none", "exponential", "diurnal"}));
  platform_command->add_option("--on", platform->on, "Mean time that a device is on (diurnal: a day)")
      ->capture_default_str()
      ->type_name("TIME");
  platform_command->add_option("--off", platform->off, "Mean time that a device is off (exponential)")
      ->capture_default_str()
      ->type_name("TIME");
  platform_command
      ->add_option("--devices-file", platform->devices_files,
                   "A catalogue of further kinds, e.g. what msfusion calibrate wrote; may be repeated")
      ->allow_extra_args(false)
      ->type_name("FILE");
  platform_command->add_option("-o,--out", platform->out, "The file to write (default: standard output)")
      ->type_name("FILE");
  platform_command->footer(
      "Examples:\n  msfusion platform --part \"5 old-phone on 4g\" --part \"3 laptop on wifi4 in france split 0.5\" "
      "-o fleet.xml\n  msfusion platform -n 100 --part \"80% mid-phone on 4g churn diurnal\" --part \"20% laptop on "
      "fibre\" -o fleet.xml");
  line.does(platform_command, [platform] { return make_platform(*platform); });
}

void add_calibrate(CommandLine& line) {
  const auto calibrate = std::make_shared<CalibrateCommand>();
  CLI::App* calibrate_command =
      line.app.add_subcommand("calibrate", "Measure this machine and its TCP and write entries for platform files");
  calibrate_command->add_option("-o,--out", calibrate->out, "The file to write (default: standard output)")
      ->type_name("FILE");
  calibrate_command
      ->add_option("--threads", calibrate->threads, "Cores that train at once: an entry for each number (default: 1 2)")
      ->check(CLI::Range(1, 1024));
  calibrate_command->add_option("--only", calibrate->only, "device or network (default: both; the network needs root)")
      ->check(CLI::IsMember({"device", "network"}));
  calibrate_command
      ->add_option("--speed-profiles", calibrate->speed_profiles,
                   "Write how fast the machine was from second to second into that folder, as profiles for speed_file")
      ->type_name("FOLDER");
  calibrate_command->add_flag("--framing", calibrate->framing,
                              "Count TCP's frames and acknowledgements instead of fitting a factor for them");
  calibrate_command->add_flag("-v,--verbose", calibrate->verbose,
                              "Print every step and transfer, measured and predicted");
  calibrate_command->footer("Example:\n  msfusion calibrate --only device --threads 1 4 -o mine.xml");
  line.does(calibrate_command, [calibrate] { return calibrate_machine(*calibrate); });
}

void add_list(CommandLine& line) {
  const auto thing = std::make_shared<std::string>();
  CLI::App* list = line.app.add_subcommand("list", "What a scenario can name");
  list->add_option(
          "what", *thing,
          "What to list; attributes and schema are the reference of scenario files, store that of results, as JSON")
      ->required()
      ->type_name("{" + fmt::format("{}", fmt::join(listed_things(), ",")) + "}");
  list->footer("Example:\n  msfusion list devices");
  line.does(list, [thing] { return list_things(*thing); });
}

}  // namespace

void add_input_commands(CommandLine& line) {
  add_new(line);
  add_platform(line);
  add_calibrate(line);
  add_list(line);
  add_doctor(line);
}

}  // namespace msfusion
