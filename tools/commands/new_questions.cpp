#include "tools/commands/new_questions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/base/units.hpp"
#include "sim/base/value_type.hpp"
#include "sim/data/catalogue.hpp"
#include "tools/commands/output.hpp"

namespace msfusion {

namespace {

/// Asks until `take` accepts the answer; it throws UserError where it does not.
void ask(std::istream& answers, const std::string& question, const std::string& offered,
         const std::function<void(const std::string&)>& take) {
  for (;;) {
    say(offered.empty() ? question + ": " : fmt::format("{} [{}]: ", question, offered));
    std::string line;
    if (!std::getline(answers, line))
      throw UserError(
          Mistake{"msfusion new", 0, "the answers end early", "an answer or an empty line to each question"});
    line = trimmed(line);
    try {
      take(line.empty() ? offered : line);
      return;
    } catch (const UserError& error) {
      for (const Mistake& mistake : error.mistakes()) say(fmt::format("  {}; {}\n", mistake.found, mistake.allowed));
    }
  }
}

[[noreturn]] void refuse(const std::string& answer, const std::string& allowed) {
  throw UserError(Mistake{"", 0, fmt::format("\"{}\"", answer), allowed});
}

const DataSetStatus& known_set(const std::string& name, const std::vector<DataSetStatus>& sets) {
  const auto found = std::find_if(sets.begin(), sets.end(), [&](const DataSetStatus& set) { return set.name == name; });
  if (found != sets.end()) return *found;
  std::vector<std::string> names;
  for (const DataSetStatus& set : sets) names.push_back(set.name);
  refuse(name, one_of(name, names));
}

void ask_for_devices(NewCommand& command, std::istream& answers) {
  say("Kinds of devices and links: msfusion list devices.\n");
  ask(answers, "Devices", command.devices.front(), [&](const std::string& answer) {
    NewCommand tried = command;
    tried.devices = {answer};
    platform_text(platform_of(tried));
    command.devices = tried.devices;
  });
  const auto parts = split_at_commas(command.devices.front());
  const bool counted = std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return parse_integer(part.substr(0, part.find(' '))).has_value();
  });
  if (counted) return;
  ask(answers, "How many devices", "10", [&](const std::string& answer) {
    const auto count = parse_integer(answer);
    if (!count || *count < 1 || *count > 1'000'000) refuse(answer, "a whole number from 1 to 1000000");
    NewCommand tried = command;
    tried.count = static_cast<int>(*count);
    platform_text(platform_of(tried));
    command.count = tried.count;
  });
}

void ask_for_data(NewCommand& command, std::istream& answers) {
  const auto sets = list_datasets();
  std::string present;
  for (const DataSetStatus& set : sets)
    if (set.found || set.name == "synthetic") present += (present.empty() ? "" : ", ") + set.name;
  say(fmt::format("Found here: {}. All: msfusion list data.\n", present));
  ask(answers, "Data set", known_set(command.data, sets).found ? command.data : "synthetic",
      [&](const std::string& answer) { command.data = known_set(answer, sets).name; });
  if (known_set(command.data, sets).found || command.data == "synthetic") return;
  say("  " + known_set(command.data, sets).how_to_get + "\n");
  ask(answers, "Folder of the data (empty: the usual places)", "",
      [&](const std::string& answer) { command.path = answer; });
}

}  // namespace

void ask_for(NewCommand& command, std::istream& answers) {
  say("An empty answer takes what stands in brackets.\n\n");
  ask_for_devices(command, answers);
  ask_for_data(command, answers);
  say("All methods: msfusion list methods.\n");
  ask(answers, "Methods to compare", command.methods, [&](const std::string& answer) {
    std::string names;
    for (const std::string& name : split_at_commas(answer))
      names += (names.empty() ? "" : ",") + std::string(known_method(name)->name);
    command.methods = names;
  });
  ask(answers, "Rounds of training", std::to_string(command.rounds), [&](const std::string& answer) {
    const auto rounds = parse_integer(answer);
    if (!rounds || *rounds < 1 || *rounds > kMostCounted) refuse(answer, "a whole number from 1");
    command.rounds = static_cast<int>(*rounds);
  });
  ask(answers, "Accuracies whose cost is asked, such as 0.6 0.7 (empty: none)", "", [&](const std::string& answer) {
    if (!answer.empty() && !list_of(number_above(0, 1)).parse(answer)) refuse(answer, "numbers above 0, at most 1");
    command.target = answer;
  });
  say("\n");
}

}  // namespace msfusion
