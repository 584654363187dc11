// `msfusion new`: a scenario to begin with, whose comments say what each attribute means and when to change it.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <utility>

#include "reports/export.hpp"
#include "reports/table.hpp"
#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/data/catalogue.hpp"
#include "sim/data/data_options.hpp"
#include "sim/method/registry.hpp"
#include "sim/scenario/elements.hpp"
#include "sim/shape/model_options.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/new_questions.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

using Attributes = std::vector<std::pair<std::string, std::string>>;

// Lines of at most the width of a page, the later ones indented. A comment of XML may not hold two hyphens in a row.
std::string wrapped(const std::string& text, const std::string& indent) {
  constexpr std::size_t kWidth = 110;
  std::istringstream in(text);
  std::string lines, line;
  for (std::string word; in >> word;) {
    for (auto at = word.find("--"); at != word.npos; at = word.find("--")) word.erase(at, 1);
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      lines += line + "\n" + indent;
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return lines + line;
}

std::string element(const std::string& name, const Attributes& given, const std::vector<AttributeInfo>& known,
                    const std::string& meaning) {
  std::string text = "  <!-- " + wrapped(meaning, "       "), start = "  <" + name;
  for (const auto& [attribute, value] : given) {
    const auto info =
        std::find_if(known.begin(), known.end(), [&, &a = attribute](const auto& row) { return row.name == a; });
    if (info != known.end())
      text += "\n       " + wrapped(fmt::format("{}: {} {}", attribute, info->meaning, info->when), "         ");
    start += fmt::format(" {}=\"{}\"", attribute, html_escape(value));
  }
  return text + " -->\n" + start + "/>\n";
}

std::string element(const std::string& name, const Attributes& given) {
  const ElementInfo& info = element_info(name);
  return element(name, given, info.attributes, info.meaning);
}

// The default of an attribute that the scenario states, so that it is there to be changed.
std::string usual(const std::string& of_element, const std::string& name) {
  const auto& all = element_info(of_element).attributes;
  return std::find_if(all.begin(), all.end(), [&](const auto& row) { return row.name == name; })->fallback;
}

std::string model_element(const std::string& name) {
  const auto& kinds = model_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const ModelKind& k) { return k.name == name; });
  if (kind == kinds.end()) {
    std::vector<std::string> names;
    for (const ModelKind& one : kinds) names.emplace_back(one.name);
    throw UserError(Mistake{"--model", 0, fmt::format("\"{}\"", name), one_of(name, names)});
  }
  const std::vector<AttributeInfo> attributes = kind->attributes();
  std::string others;
  for (std::size_t i = 1; i < attributes.size(); ++i)
    others += fmt::format("{}{} ({})", i == 1 ? " Further attributes, and what they are unless stated: " : ", ",
                          attributes[i].name, attributes[i].fallback);
  return element("model", {{"kind", name}, {attributes.front().name, attributes.front().fallback}}, attributes,
                 fmt::format("The full model: {}.{}{}", kind->meaning, others, others.empty() ? "" : "."));
}

std::string methods_element(const std::string& list) {
  std::string text;
  for (const std::string& name : split_at_commas(list)) {
    const MethodEntry* method = known_method(name);
    text += fmt::format("    <!-- {} -->\n    <method name=\"{}\"/>\n", wrapped(method->summary, "         "), name);
  }
  return "  <!-- " + wrapped(element_info("methods").meaning + " " + element_info("method").meaning, "       ") +
         " -->\n  <methods>\n" + text + "  </methods>\n";
}

std::string scenario_text(const NewCommand& command, const std::string& name, const std::string& platform_file) {
  DataOptions data;
  data.set = command.data;
  const bool text = is_text(data);
  Attributes of_data = {{"set", command.data}};
  if (!command.path.empty()) of_data.emplace_back("path", fs::absolute(command.path).string());
  if (!text) of_data.insert(of_data.end(), {{"partition", "dirichlet"}, {"alpha", usual("data", "alpha")}});
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- Written by msfusion new. Every other attribute: msfusion list "
      "attributes. Its mistakes: msfusion check. -->\n<scenario name=\"{}\">\n",
      html_escape(name));
  xml += element("platform", {{"file", platform_file}}) + element("data", of_data) +
         model_element(!command.model.empty() ? command.model
                       : text                 ? "lstm"
                                              : "cnn") +
         element("training", {{"rounds", std::to_string(command.rounds)}, {"batch", usual("training", "batch")}}) +
         element("constraints", {{"memory", "exclude"}}) + methods_element(command.methods) +
         element("seeds", {{"values", "1"}});
  if (!command.target.empty()) xml += element("target", {{"accuracy", command.target}});
  return xml + "</scenario>\n";
}

}  // namespace

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(trimmed(part));
  return parts;
}

const MethodEntry* known_method(const std::string& name) {
  if (const MethodEntry* method = find_method(name)) return method;
  std::vector<std::string> names;
  for (const MethodEntry& one : method_table()) names.emplace_back(one.name);
  throw UserError(Mistake{"--methods", 0, fmt::format("\"{}\"", name), one_of(name, names)});
}

PlatformCommand platform_of(const NewCommand& command) {
  PlatformCommand platform;
  for (const std::string& devices : command.devices)
    for (const std::string& part : split_at_commas(devices)) platform.parts.push_back(part);
  platform.devices = command.count;
  return platform;
}

int new_scenario(const NewCommand& command) {
  if (const auto sets = dataset_names(); std::find(sets.begin(), sets.end(), command.data) == sets.end())
    throw UserError(Mistake{"--data", 0, fmt::format("\"{}\"", command.data), one_of(command.data, sets)});
  const fs::path out = command.out, name = out.stem();
  const fs::path platform_file = out.parent_path() / (name.string() + "-platform.xml");
  for (const fs::path& file : {out, platform_file})
    if (fs::exists(file))
      throw UserError(Mistake{"-o", 0, fmt::format("{} is there already", file.string()), "the name of a new file"});
  const std::string text = scenario_text(command, name.string(), platform_file.filename().string());
  PlatformCommand platform = platform_of(command);
  platform.out = platform_file.string();
  make_platform(platform);
  try {
    // What is wrong with a name or a value is said now, and nothing is left.
    read_scenario_text(text, out.string(), {});
  } catch (const UserError&) {
    fs::remove(platform_file);
    throw;
  }
  write_file(out.string(), text);
  fmt::print("{} and {} are written. Next:\n  msfusion check {}\n  msfusion run {}\n", out.string(),
             platform_file.string(), out.string(), out.string());
  return 0;
}

}  // namespace msfusion
