// The commands that print what follows from the command line's own tree: man, completion.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "tools/commands/command_documents.hpp"
#include "tools/commands/command_line.hpp"

namespace msfusion {

namespace {

std::string completion(const CLI::App& program, const std::string& shell) {
  if (shell == "bash") return bash_completion(program);
  return shell == "zsh" ? zsh_completion(program) : fish_completion(program);
}

}  // namespace

void add_document_commands(CommandLine& line) {
  CLI::App* man = line.app.add_subcommand("man", "Print the man page of the program");
  man->footer("Example:\n  msfusion man | man -l -");
  line.does(man, [&line] {
    fmt::print("{}", man_page(line.app));
    return 0;
  });

  const auto shell = std::make_shared<std::string>();
  CLI::App* complete = line.app.add_subcommand("completion", "Print the completions of a shell");
  complete->add_option("shell", *shell, "Whose")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  complete->footer("Example, for this session of bash:\n  eval \"$(msfusion completion bash)\"");
  line.does(complete, [&line, shell] {
    fmt::print("{}", completion(line.app, *shell));
    return 0;
  });
}

}  // namespace msfusion
