// What follows from the command line's tree besides its help: the man page, and the completions of shells.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace msfusion {

/// The commands of the program, in the order of its help.
std::vector<const CLI::App*> commands_of(const CLI::App& program);

/// The command's options, in the order of its help; positional ones as well.
std::vector<const CLI::Option*> options_of(const CLI::App& command);

/// Every way to write an option, "-o" and "--out"; none for a positional one.
std::vector<std::string> spellings(const CLI::Option& option);

/// The values that the option can take, where it takes no others.
std::vector<std::string> choices(const CLI::Option& option);

std::string one_line(std::string text);

/// In man(7)'s macros.
std::string man_page(const CLI::App& program);

std::string bash_completion(const CLI::App& program);
std::string zsh_completion(const CLI::App& program);
std::string fish_completion(const CLI::App& program);

}  // namespace msfusion
