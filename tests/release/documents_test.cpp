// The man page and the completions against the help of every command.
#include <fmt/format.h>

#include <cstdlib>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

std::set<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern, std::regex::multiline);
  std::set<std::string> all;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) all.insert((*at)[1]);
  return all;
}

/// The options that each command's own help lists, at the beginning of a line.
std::map<std::string, std::set<std::string>> options_by_command() {
  const std::string help = msfusion_program({"--help"}).out;
  const std::string list = help.substr(help.find("Subcommands:"), help.find("Examples:") - help.find("Subcommands:"));
  std::map<std::string, std::set<std::string>> all;
  for (const std::string& command : found(list, "^  ([a-z]+) ")) {
    const std::string text = msfusion_program({command, "--help"}).out;
    all[command] = found(text, "^  (?:-[a-z],)?(--[a-z-]+)");
    for (const std::string& letter : found(text, "^  (-[a-z])[, ]")) all[command].insert(letter);
  }
  return all;
}

/// What a shell command prints; its messages are kept apart.
std::string printed(const std::string& command, const TemporaryFolder& folder) {
  const int code = std::system(fmt::format("{} > {} 2> {}", command, folder.file("out"), folder.file("err")).c_str());
  INFO(command << '\n' << text_of(folder.file("err")));
  REQUIRE(code == 0);
  CHECK(text_of(folder.file("err")).empty());
  return text_of(folder.file("out"));
}

bool has(const char* program) {
  if (std::system(fmt::format("command -v {} > /dev/null", program).c_str()) == 0) return true;
  WARN("not tried: " << program << " is not installed");
  return false;
}

std::set<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  std::set<std::string> all;
  for (std::string line; std::getline(in, line);) all.insert(line.substr(0, line.find('\t')));
  return all;
}

}  // namespace

TEST_CASE("the man page has every command with every option, and man takes it without a warning") {
  const std::string page = msfusion_program({"man"}).out;
  const auto all = options_by_command();
  REQUIRE(all.size() >= 10);
  for (const auto& [command, options] : all) {
    INFO(command);
    const std::size_t from = page.find("\n.SS " + command + "\n");
    REQUIRE(from != page.npos);
    const std::string section = page.substr(from, page.find("\n.S", from + 1) - from);
    REQUIRE(options.size() >= 2);
    for (const std::string& option : options)
      CHECK_THAT(section, ContainsSubstring("\\fB" + std::regex_replace(option, std::regex("-"), "\\-") + "\\fR"));
  }
  if (!has("man")) return;
  const TemporaryFolder folder;
  folder.write("msfusion.1", page);
  const std::string shown =
      printed("MANWIDTH=100 LC_ALL=C.UTF-8 man --warnings -l " + folder.file("msfusion.1"), folder);
  CHECK_THAT(shown, ContainsSubstring("msfusion check scenario"));
}

TEST_CASE("bash completes every command, option and choice, and the files of those that take files") {
  const TemporaryFolder folder;
  folder.write("completion", msfusion_program({"completion", "bash"}).out);
  folder.write("my scenario.xml", "");
  const auto completed = [&](const std::string& words, std::size_t count) {
    return words_of(printed(fmt::format("cd {} && bash -c '. ./completion; COMP_WORDS=(msfusion {}); COMP_CWORD={}; "
                                        "_msfusion; printf \"%s\\n\" \"${{COMPREPLY[@]}}\"'",
                                        folder.path().string(), words, count),
                            folder));
  };
  const auto all = options_by_command();
  const std::set<std::string> commands = completed("\"\"", 1);
  for (const auto& [command, options] : all) {
    INFO(command);
    CHECK(commands.count(command) == 1);
    CHECK(completed(command + " -", 2) == options);
  }
  CHECK(completed("compare --format \"\"", 3) == std::set<std::string>{"terminal", "markdown", "latex", "csv"});
  CHECK(completed("list sch", 2) == std::set<std::string>{"schema"});
  CHECK(completed("check my", 2) == std::set<std::string>{"my scenario.xml"});
}

TEST_CASE("fish completes every command and option, and zsh has them all") {
  const TemporaryFolder folder;
  const auto all = options_by_command();
  const std::string zsh = msfusion_program({"completion", "zsh"}).out;
  folder.write("_msfusion", zsh);
  for (const auto& [command, options] : all) {
    INFO(command);
    const std::size_t from = zsh.find("\n    " + command + ") _arguments");
    REQUIRE(from != zsh.npos);
    const std::string part = zsh.substr(from, zsh.find(";;", from) - from);
    for (const std::string& option : options) CHECK_THAT(part, ContainsSubstring("'*" + option + "["));
  }
  if (has("zsh")) printed("zsh -n " + folder.file("_msfusion"), folder);
  if (!has("fish")) return;
  folder.write("completion.fish", msfusion_program({"completion", "fish"}).out);
  const auto completed = [&](const std::string& line) {
    return words_of(printed(fmt::format("HOME={} fish -c 'source {}; complete -C \"msfusion {}\"'",
                                        folder.path().string(), folder.file("completion.fish"), line),
                            folder));
  };
  const std::set<std::string> commands = completed("");
  for (const auto& [command, options] : all) {
    INFO(command);
    CHECK(commands.count(command) == 1);
    const std::set<std::string> offered = completed(command + " --");
    for (const std::string& option : options)
      if (option[1] == '-') CHECK(offered.count(option) == 1);
  }
}

TEST_CASE("the version stands in one place, and the program says it") {
  const std::string build = text_of(source_file("CMakeLists.txt"));
  const auto versions = found(build, "^project\\(msfusion VERSION ([0-9]+\\.[0-9]+\\.[0-9]+)");
  REQUIRE(versions.size() == 1);
  CHECK_THAT(msfusion_program({"--version"}).out, StartsWith("msfusion " + *versions.begin() + "\n"));
  for (const char* file : {"CITATION.cff", "README.md", "tools/python/setup.py", "tools/packaging/packages.cmake"}) {
    INFO(file);
    CHECK(text_of(source_file(file)).find(*versions.begin()) == std::string::npos);
  }
  // What is not released yet stands under its own heading.
  const std::string changes = text_of(source_file("CHANGELOG.md"));
  CHECK((changes.find("\n## [Unreleased]\n") != changes.npos ||
         changes.find("\n## [" + *versions.begin() + "]") != changes.npos));
}
