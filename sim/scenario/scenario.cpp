#include "sim/scenario/scenario.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "sim/method/privacy_terms.hpp"
#include "sim/method/registry.hpp"
#include "sim/method/secure_steps.hpp"
#include "sim/scenario/document.hpp"
#include "sim/scenario/elements.hpp"
#include "sim/shape/layers_in_place.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMaxScenarioBytes = 4u << 20;

/// Labels stand in tables and on terminals: no line breaks, no control characters (those of Unicode start with 0xC2 in
/// UTF-8).
bool is_one_line(const std::string& label) {
  for (std::size_t i = 0; i < label.size(); ++i) {
    const auto byte = static_cast<unsigned char>(label[i]);
    const auto next = static_cast<unsigned char>(i + 1 < label.size() ? label[i + 1] : 0);
    if (byte < 0x20 || byte == 0x7F || (byte == 0xC2 && next < 0xA0)) return false;
  }
  return !label.empty();
}

std::vector<std::string> split_values(const std::string& text) {
  std::vector<std::string> values(1);
  for (const char c : text) {
    if (c == '|') {
      values.emplace_back();
    } else {
      values.back() += c;
    }
  }
  for (std::string& value : values) value = trimmed(value);
  return values;
}

/// The text without the blank lines at both ends and the indentation that all its lines share.
std::string without_indentation(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line.substr(0, line.find_last_not_of(" \t\r") + 1));
  while (!lines.empty() && lines.front().empty()) lines.erase(lines.begin());
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  std::size_t shared = std::string::npos;
  for (const std::string& line : lines)
    if (!line.empty()) shared = std::min(shared, line.find_first_not_of(" \t"));
  std::string all;
  for (const std::string& line : lines) all += (line.empty() ? line : line.substr(shared)) + "\n";
  return all;
}

class ScenarioReader {
 public:
  ScenarioReader(ScenarioDocument& document, const std::string& file) : document_(document), file_(file) {}

  Scenario read() {
    Scenario scenario;
    scenario.file = file_;
    HeadOptions head;
    read_element(document_.root(), "scenario", head_vocabulary(), head);
    scenario.name = head.name;
    scenario.description = head.description;
    read_child("platform", platform_vocabulary(), scenario.platform);
    read_training(scenario.training);
    read_child("evaluation", evaluation_vocabulary(), scenario.evaluation);
    read_child("constraints", constraint_vocabulary(), scenario.constraints);
    read_child("privacy", privacy_vocabulary(), scenario.privacy);
    read_child("prices", price_vocabulary(), scenario.prices);
    scenario.platform.line = line_of("platform");
    scenario.training.line = line_of("training");
    scenario.evaluation.line = line_of("evaluation");
    read_data_and_model(scenario);
    SeedOptions seeds;
    read_child("seeds", seed_vocabulary(), seeds);
    scenario.seeds = seeds.values;
    TargetOptions targets;
    read_child("target", target_vocabulary(), targets);
    scenario.targets = targets.accuracies;
    scenario.personal_targets = targets.personal;
    scenario.notes = read_notes();
    if (const auto sweep = document_.child("sweep"))
      for (const XmlElement& vary : sweep->children("vary")) scenario.sweep.push_back(read_vary(vary));
    if (const auto methods = document_.child("methods"))
      for (const XmlElement& method : methods->children("method"))
        scenario.methods.push_back(read_method_element(method, scenario.privacy));
    return scenario;
  }

 private:
  template <class Options>
  void read_element(const std::optional<XmlElement>& element, const std::string& name,
                    const Vocabulary<Options>& vocabulary, Options& options) {
    GivenAttributes given = document_.attributes_of(element, name);
    read_options(vocabulary, options, given);
    document_.add(element, given);
  }

  template <class Options>
  void read_child(const std::string& name, const Vocabulary<Options>& vocabulary, Options& options) {
    read_element(document_.child(name), name, vocabulary, options);
  }

  void read_training(TrainingOptions& training) {
    const auto element = document_.child("training");
    GivenAttributes given = document_.attributes_of(element, "training");
    read_options(training_vocabulary(), training, given);
    const auto target = document_.child("target");
    if (training.until.target && !document_.attributes_of(target, "target").has("accuracy"))
      given.object("until", given.quote("until") + " without a target", "needed: <target accuracy=\"..\"/>");
    document_.add(element, given);
  }

  int line_of(const std::string& name) const {
    const auto element = document_.child(name);
    return element ? element->line() : 0;
  }

  void read_data_and_model(Scenario& scenario) {
    const auto data_element = document_.child("data"), model_element = document_.child("model");
    GivenAttributes data = document_.attributes_of(data_element, "data");
    GivenAttributes model = document_.attributes_of(model_element, "model");
    read_options(data_vocabulary(), scenario.data, data);
    scenario.data.line = line_of("data");
    scenario.model_line = line_of("model");
    const std::string which = model.has("file") ? "file" : "kind";
    bool is_read = model.has(which);
    try {
      scenario.model = model_element && !model_element->children().empty()
                           ? read_model(model, layers_in(*model_element, scenario.data))
                           : read_model(model);
    } catch (const UserError& error) {
      document_.add(error);
      is_read = false;
    }
    const bool both_known = data.has("set") && !data.refused("set") && is_read && !model.refused(which);
    if (both_known && reads_text(scenario.model) != is_text(scenario.data))
      model.object(which, model.quote(which) + " with set=\"" + scenario.data.set + "\" in <data>",
                   reads_text(scenario.model) ? "text is needed: one of tokens, characters"
                                              : "for text a transformer or an lstm is needed");
    document_.add(data_element, data);
    document_.add(model_element, model);
  }

  // What layers in the scenario read, and for how many classes, follows from the data.
  std::shared_ptr<const LayerFile> layers_in(const XmlElement& model, const DataOptions& data) const {
    auto layers = std::make_shared<LayerFile>(read_layers_in_place(model, file_));
    layers->reads = is_text(data) ? InputKind::tokens : InputKind::image;
    return layers;
  }

  std::string read_notes() {
    const auto element = document_.child("notes");
    if (!element) return "";
    const std::string text = element->text();
    if (text.size() > static_cast<std::size_t>(kLongestNotes))
      document_.add(element, {"", fmt::format("<notes> of {} bytes", text.size()),
                              fmt::format("at most {} are allowed", kLongestNotes)});
    return without_indentation(text);
  }

  SweepAxis read_vary(const XmlElement& element) {
    GivenAttributes given = document_.attributes_of(element, "vary");
    VaryOptions options;
    read_options(vary_vocabulary(), options, given);
    SweepAxis axis{options.path, split_values(options.values), element.line()};
    for (const std::string& value : axis.values)
      if (value.empty() && given.has("values")) {
        given.object("values", given.quote("values") + ": an empty value", "values separated by \" | \"");
        break;
      }
    if (axis.path.rfind("sweep", 0) == 0 || axis.path == "name")
      given.object("path", given.quote("path"), "an attribute that can differ between the runs of one sweep");
    document_.add(element, given);
    return axis;
  }

  Method read_method_element(const XmlElement& element, const PrivacyOptions& privacy) {
    GivenAttributes given = document_.attributes_of(element, "method");
    const AttributeInfo& names = element_info("method").attributes.front();
    const std::string name = given.has("name") ? trimmed(given.value("name").written) : "";
    Method method;
    if (find_method(name)) {
      method = read_method(name, given);
      method.privacy = privacy;
      check_privacy(method, given);
    } else if (given.has("name")) {
      given.refuse("name", "allowed: " + names.type.instead_of(name));
    }
    method.line = element.line();
    read_label(given, name, method);
    document_.add(element, given);
    return method;
  }

  void check_privacy(const Method& method, GivenAttributes& given) {
    if (!given.objections().empty()) return;
    if (const auto [found, allowed] = privacy_contradiction(method); !found.empty())
      given.object("", fmt::format("method {}: {}", method.name, found), allowed);
    else if (const auto [without, instead] = secure_contradiction(method); !without.empty())
      given.object("", fmt::format("method {}: {}", method.name, without), instead);
    else if (method.privacy.clip && given.has("weights") && method.merge.weights != MergeChoice::Weights::uniform)
      given.object(
          "weights",
          given.quote("weights") + " with clip in <privacy>: more samples would give a device more than its part",
          "weights=\"uniform\"");
  }

  void read_label(GivenAttributes& given, const std::string& name, Method& method) {
    method.label = name;
    if (given.has("label")) {
      const ValueType& type = element_info("method").attributes[1].type;
      const auto label = line_up_to(kLongestLabel).parse(given.value("label").written);
      if (!label) given.refuse("label", "allowed: " + type.allowed);
      method.label = label.value_or(name);
      if (label && !is_one_line(method.label))
        given.object("label", given.quote("label"), "a text on one line, not only blanks");
    }
    if (method.label.empty()) return;
    const auto [other, is_new] = lines_of_labels_.emplace(method.label, method.line);
    if (is_new) return;
    const std::string attribute = given.has("label") ? "label" : "name";
    given.object(attribute,
                 fmt::format("{}: the method on line {} has the same label", given.quote(attribute), other->second),
                 "needed: a label of its own");
  }

  ScenarioDocument& document_;
  const std::string& file_;
  std::map<std::string, int> lines_of_labels_;
};

Scenario read_document(const XmlDocument& xml, const std::string& file, const std::vector<Override>& overrides) {
  ScenarioDocument document(xml, file);
  if (!document.check_structure()) document.report();
  if (document.is_clean() && !overrides.empty()) {
    for (const Override& change : overrides) document.apply(change);
    document.check_structure();  // elements that were made may lack attributes
  }
  Scenario scenario = ScenarioReader(document, file).read();
  if (!document.is_clean()) document.report();
  scenario.text = xml.serialise();
  return scenario;
}

}  // namespace

Scenario read_scenario(const std::string& file, const std::vector<Override>& overrides) {
  return read_document(XmlDocument::parse_file(file, XmlDocument::Doctype::refused, kMaxScenarioBytes), file,
                       overrides);
}

Scenario read_scenario_text(const std::string& text, const std::string& file, const std::vector<Override>& overrides) {
  return read_document(XmlDocument::parse_text(text, file, XmlDocument::Doctype::refused), file, overrides);
}

}  // namespace msfusion
