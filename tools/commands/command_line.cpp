#include "tools/commands/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "tools/commands/commands.hpp"

namespace msfusion {

CommandLine::CommandLine(std::string words)
    : app("What does it cost, on real devices and links, to train a model together - and which method should we use?\n"
          "msfusion carries out an XML scenario: it really trains every device's sub-model with LibTorch, times each "
          "step "
          "on a\n"
          "SimGrid model of devices and links, and reports accuracy, simulated seconds, bytes, joules and money per "
          "method."),
      words_(std::move(words)) {
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
  add_running_commands(*this);
  add_input_commands(*this);
  add_result_commands(*this);
  add_document_commands(*this);
}

void CommandLine::does(CLI::App* command, std::function<int()> action) {
  command->callback([this, action = std::move(action)] { action_ = action; });
}

int CommandLine::parse_and_act(int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    suggest_command(argc, argv);
    return app.exit(error) == 0 ? 0 : kUserMistake;
  }
  return action_();
}

// What CLI11 says of a command that it does not know names neither it nor the ones there are.
void CommandLine::suggest_command(int argc, const char* const* argv) const {
  if (argc < 2 || argv[1][0] == '-' || argv[1][0] == '\0') return;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) == names.end())
    throw UserError(Mistake{"msfusion", 0, fmt::format("there is no command \"{}\"", argv[1]), one_of(argv[1], names)});
}

}  // namespace msfusion
