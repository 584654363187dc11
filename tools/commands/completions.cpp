#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tools/commands/command_documents.hpp"

namespace msfusion {

namespace {

enum class Words { none, any, files, folders, choices };

// What completes the option's value.
Words words_for(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return Words::none;
  if (!choices(option).empty()) return Words::choices;
  const std::string type = option.get_type_name();
  if (type == "FILE") return Words::files;
  return type == "DIR" ? Words::folders : Words::any;
}

/// In single quotes of a shell, whose way to write a quote differs.
std::string quoted(const std::string& text, const std::string& quote) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? quote : std::string(1, c);
  return result + "'";
}

std::string all_spellings(const CLI::App& command) {
  std::string all;
  for (const CLI::Option* option : options_of(command))
    for (const std::string& spelling : spellings(*option)) all += (all.empty() ? "" : " ") + spelling;
  return all;
}

std::string names_of(const CLI::App& program) {
  std::string all;
  for (const CLI::App* command : commands_of(program)) all += (all.empty() ? "" : " ") + command->get_name();
  return all;
}

std::string bash_words(const CLI::Option& option) {
  switch (words_for(option)) {
    case Words::none:
    case Words::any:
      return ":";
    case Words::files:
      return "_msfusion_reply -f";
    case Words::folders:
      return "_msfusion_reply -d";
    case Words::choices:
      return fmt::format("_msfusion_reply -W '{}'", fmt::join(choices(option), " "));
  }
  return ":";
}

std::string bash_command(const CLI::App& command) {
  std::string values, positional = ":";
  for (const CLI::Option* option : options_of(command)) {
    if (!option->nonpositional()) {
      positional = bash_words(*option);
    } else if (words_for(*option) != Words::none) {
      values += fmt::format("        {}) {}; return ;;\n", fmt::join(spellings(*option), "|"), bash_words(*option));
    }
  }
  return fmt::format(
      "    {})\n      case $previous in\n{}      esac\n"
      "      if [[ $current == -* ]]; then _msfusion_reply -W '{}'; else {}; fi ;;\n",
      command.get_name(), values, all_spellings(command), positional);
}

// What _arguments calls an action.
std::string zsh_action(const CLI::Option& option) {
  switch (words_for(option)) {
    case Words::none:
    case Words::any:
      return " ";
    case Words::files:
      return "_files";
    case Words::folders:
      return "_files -/";
    case Words::choices:
      return fmt::format("({})", fmt::join(choices(option), " "));
  }
  return " ";
}

std::string with_backslashes(const std::string& text, const char* before) {
  std::string result;
  for (const char c : text) result += std::string(std::string(before).find(c) == std::string::npos ? "" : "\\") + c;
  return result;
}

std::string zsh_option(const CLI::Option& option) {
  const std::string about = with_backslashes(one_line(option.get_description()), "[]\\");
  std::string value;
  if (words_for(option) != Words::none) value = fmt::format(":{}:{}", "value", zsh_action(option));
  if (!option.nonpositional())
    return "      " + quoted(fmt::format("*:{}:{}", option.get_name(true), zsh_action(option)), "'\\''");
  std::string text;
  for (const std::string& spelling : spellings(option))
    text +=
        (text.empty() ? "      " : " \\\n      ") + quoted(fmt::format("*{}[{}]{}", spelling, about, value), "'\\''");
  return text;
}

std::string fish_words(const CLI::Option& option) {
  switch (words_for(option)) {
    case Words::none:
      return "";
    case Words::any:
      return " -x";
    case Words::files:
      return " -r -F";
    case Words::folders:
      return " -x -a '(__fish_complete_directories)'";
    case Words::choices:
      return fmt::format(" -x -a '{}'", fmt::join(choices(option), " "));
  }
  return "";
}

std::string fish_option(const CLI::App& command, const CLI::Option& option) {
  const std::string when = fmt::format("complete -c msfusion -n '__fish_seen_subcommand_from {}'", command.get_name());
  if (!option.nonpositional()) {
    const Words words = words_for(option);
    return words == Words::any ? "" : when + (words == Words::files ? " -F" : fish_words(option)) + "\n";
  }
  std::string text = when;
  for (const std::string& spelling : spellings(option))
    text += spelling.substr(0, 2) == "--" ? " -l " + spelling.substr(2) : " -s " + spelling.substr(1);
  return text + fish_words(option) + " -d " + quoted(one_line(option.get_description()), "\\'") + "\n";
}

}  // namespace

std::vector<const CLI::App*> commands_of(const CLI::App& program) {
  return program.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<const CLI::Option*> options_of(const CLI::App& command) {
  return command.get_options();
}

std::vector<std::string> spellings(const CLI::Option& option) {
  std::vector<std::string> all;
  for (const std::string& name : option.get_snames()) all.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) all.push_back("--" + name);
  return all;
}

// CLI11 keeps the members of a set only in the type's description: TEXT:{bash,zsh}.
std::vector<std::string> choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t from = type.find('{'), to = type.rfind('}');
  return from == type.npos || to == type.npos ? std::vector<std::string>{}
                                              : CLI::detail::split(type.substr(from + 1, to - from - 1), ',');
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string bash_completion(const CLI::App& program) {
  std::string text =
      "# Completions of msfusion for bash, printed by msfusion completion bash.\n"
      "_msfusion_reply() { mapfile -t COMPREPLY < <(compgen \"$@\" -- \"${COMP_WORDS[COMP_CWORD]}\"); }\n\n"
      "_msfusion() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n";
  text += fmt::format("    _msfusion_reply -W '{} {}'\n    return\n  fi\n  case ${{COMP_WORDS[1]}} in\n",
                      names_of(program), all_spellings(program));
  for (const CLI::App* command : commands_of(program)) text += bash_command(*command);
  return text + "  esac\n}\ncomplete -o filenames -F _msfusion msfusion\n";
}

std::string zsh_completion(const CLI::App& program) {
  std::string text =
      "#compdef msfusion\n# Completions of msfusion for zsh, printed by msfusion completion zsh.\n\n"
      "_msfusion() {\n  if (( CURRENT == 2 )); then\n    local -a commands=(\n";
  for (const CLI::App* command : commands_of(program))
    text += "      " + quoted(command->get_name() + ":" + one_line(command->get_description()), "'\\''") + "\n";
  text += "    )\n    _describe command commands\n    _arguments";
  for (const CLI::Option* option : options_of(program)) text += " \\\n" + zsh_option(*option);
  text += "\n    return\n  fi\n  local command=$words[2]\n  shift words\n  (( CURRENT-- ))\n  case $command in\n";
  for (const CLI::App* command : commands_of(program)) {
    text += fmt::format("    {}) _arguments", command->get_name());
    for (const CLI::Option* option : options_of(*command)) text += " \\\n" + zsh_option(*option);
    text += " ;;\n";
  }
  // As a file of $fpath it is called at once, and where it is evaluated it is registered.
  return text +
         "  esac\n}\n\nif [[ $funcstack[1] == _msfusion ]]; then _msfusion \"$@\"; else compdef _msfusion msfusion; "
         "fi\n";
}

std::string fish_completion(const CLI::App& program) {
  std::string text =
      "# Completions of msfusion for fish, printed by msfusion completion fish.\ncomplete -c msfusion -f\n";
  for (const CLI::App* command : commands_of(program)) {
    text += fmt::format("complete -c msfusion -n __fish_use_subcommand -a {} -d {}\n", command->get_name(),
                        quoted(one_line(command->get_description()), "\\'"));
    for (const CLI::Option* option : options_of(*command)) text += fish_option(*command, *option);
  }
  for (const CLI::Option* option : options_of(program)) {
    text += "complete -c msfusion -n __fish_use_subcommand";
    for (const std::string& spelling : spellings(*option))
      text += spelling.substr(0, 2) == "--" ? " -l " + spelling.substr(2) : " -s " + spelling.substr(1);
    text += " -d " + quoted(one_line(option->get_description()), "\\'") + "\n";
  }
  return text;
}

}  // namespace msfusion
