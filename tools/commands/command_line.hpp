// The command line's tree: every command with its options, from which help, man page and completions follow too.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <utility>

namespace msfusion {

class CommandLine {
 public:
  /// `words` repeat the call, for reports.
  explicit CommandLine(std::string words);

  /// What happens when the command is the one that was given; returns the exit code.
  void does(CLI::App* command, std::function<int()> action);

  /// Parses, and does what was asked for. Throws UserError and RunError as the commands do.
  int parse_and_act(int argc, const char* const* argv);

  const std::string& words() const { return words_; }

  CLI::App app;

 private:
  void suggest_command(int argc, const char* const* argv) const;

  std::string words_;
  std::function<int()> action_;
};

// Each adds its commands to the tree.
void add_running_commands(CommandLine& line);
void add_input_commands(CommandLine& line);
void add_result_commands(CommandLine& line);
void add_document_commands(CommandLine& line);

}  // namespace msfusion
