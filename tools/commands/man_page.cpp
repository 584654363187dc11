#include <fmt/format.h>

#include "tools/commands/command_documents.hpp"

namespace msfusion {

namespace {

// A hyphen that can be copied, no control lines and no escapes of the text's own.
std::string roff(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] == '.' || text[i] == '\'') && (i == 0 || text[i - 1] == '\n')) escaped += "\\&";
    if (text[i] == '\\') {
      escaped += "\\e";
    } else if (text[i] == '-') {
      escaped += "\\-";
    } else {
      escaped += text[i];
    }
  }
  return escaped;
}

std::string bold(const std::string& text) {
  return "\\fB" + roff(text) + "\\fR";
}

// The type, or what CLI11 adds about its values: of "INT:INT in [1 - 1024]" and "TEXT:{bash,zsh}" what stands behind
// the first colon.
std::string value_name(const CLI::Option& option) {
  const std::string type = option.get_items_expected_max() == 0 ? "" : option.get_type_name();
  return type.substr(type.find(':') + 1);
}

std::string about_option(const CLI::Option& option) {
  std::string head;
  for (const std::string& spelling : spellings(option)) head += (head.empty() ? "" : ", ") + bold(spelling);
  if (head.empty()) head = "\\fI" + roff(option.get_name(true)) + "\\fR";
  if (const std::string value = value_name(option); !value.empty()) head += " \\fI" + roff(value) + "\\fR";
  const std::string preset = option.get_default_str();
  return fmt::format(".TP\n{}\n{}{}\n", head, roff(one_line(option.get_description())),
                     preset.empty() ? "" : roff(" (default: " + preset + ")"));
}

// Examples and tables keep their lines.
std::string about_footer(const std::string& footer) {
  return footer.empty() ? "" : fmt::format(".PP\n.nf\n{}\n.fi\n", roff(footer));
}

std::string synopsis(const CLI::App& command) {
  std::string text = bold("msfusion " + command.get_name());
  for (const CLI::Option* option : options_of(command))
    if (!option->nonpositional())
      text += fmt::format(" \\fI{}\\fR{}", roff(option->get_name(true)),
                          option->get_items_expected_max() > 1 ? " ..." : "");
  return text + " [\\fIOPTION\\fR ...]";
}

}  // namespace

std::string man_page(const CLI::App& program) {
  std::string page =
      ".\\\" Printed by msfusion man.\n.TH MSFUSION 1 \"\" \"msfusion " MSFUSION_VERSION
      "\" \"User Commands\"\n.SH NAME\nmsfusion \\- simulate collaborative training on real devices and links\n"
      ".SH SYNOPSIS\n";
  for (const CLI::App* command : commands_of(program)) page += synopsis(*command) + "\n.br\n";
  page += ".SH DESCRIPTION\n" + roff(one_line(program.get_description())) + "\n.SH OPTIONS\n";
  for (const CLI::Option* option : options_of(program)) page += about_option(*option);
  page += ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(program)) {
    page += fmt::format(".SS {}\n{}.\n", command->get_name(), roff(one_line(command->get_description())));
    for (const CLI::Option* option : options_of(*command)) page += about_option(*option);
    page += about_footer(command->get_footer());
  }
  page += ".SH EXAMPLES AND EXIT CODES" + about_footer(program.get_footer()).substr(3);
  page +=
      ".SH ENVIRONMENT\n"
      ".TP\n.B MSFUSION_DATA\nFolder in whose folder SET the data set of that name is looked for first.\n"
      ".TP\n.B MSFUSION_SHARE\nFolder of the program's own files, where they do not lie in ../share/msfusion beside "
      "it.\n";
  return page;
}

}  // namespace msfusion
