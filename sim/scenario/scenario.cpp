#include "sim/scenario/scenario.hpp"

#include <algorithm>

#include "sim/base/resources.hpp"
#include "sim/scenario/overrides.hpp"
#include "sim/scenario/readers.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMaxScenarioBytes = 4u << 20;

bool same(const Mistake& a, const Mistake& b) {
  return a.file == b.file && a.line == b.line && a.found == b.found && a.allowed == b.allowed;
}

[[noreturn]] void report(std::vector<Mistake> mistakes) {
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
  std::vector<Mistake> distinct;
  for (Mistake& mistake : mistakes) {
    const bool known =
        std::any_of(distinct.begin(), distinct.end(), [&](const Mistake& m) { return same(m, mistake); });
    if (!known) distinct.push_back(std::move(mistake));
  }
  throw UserError(std::move(distinct));
}

/// Applies the changes to a valid document: what the schema objects to after one of them is that one's fault.
void apply_overrides(const XmlDocument& document, const std::string& schema, const std::vector<Override>& overrides,
                     ReadingContext& context) {
  for (const Override& change : overrides) {
    try {
      context.changes.push_back(apply_override(document, context.guide, change));
    } catch (const UserError& error) {
      context.mistakes.insert(context.mistakes.end(), error.mistakes().begin(), error.mistakes().end());
      continue;
    }
    for (Mistake mistake : document.validate(schema)) {
      mistake.file = to_string(change);
      mistake.line = 0;
      context.mistakes.push_back(std::move(mistake));
    }
    if (!context.mistakes.empty()) return;  // the next validation would give these to the next change
  }
}

void check_model_reads_data(const Scenario& scenario, AttributeReader& model) {
  const bool reads_text =
      std::holds_alternative<TransformerSpec>(scenario.model) || std::holds_alternative<LstmSpec>(scenario.model);
  if (reads_text == is_text(scenario.data) || model.refused("kind")) return;
  model.mistake(
      "kind", model.quote("kind") + " with set=\"" + scenario.data.set + "\" in <data>",
      reads_text ? "text is needed: one of tokens, characters" : "for text a transformer or an lstm is needed");
}

class ScenarioReader {
 public:
  ScenarioReader(const XmlDocument& document, ReadingContext& context) : root_(document.root()), context_(context) {}

  Scenario read() {
    Scenario scenario;
    scenario.file = context_.file;
    AttributeReader root(context_, root_.name(), root_);
    scenario.name = root.text("name");
    scenario.description = root.text("description");
    auto platform = reader("platform"), data = reader("data"), model = reader("model"), training = reader("training"),
         evaluation = reader("evaluation"), constraints = reader("constraints"), prices = reader("prices"),
         seeds = reader("seeds"), target = reader("target");
    if (platform.has("file")) scenario.platform = read_platform(platform, context_.file);
    scenario.data = read_data(data, context_.file);
    scenario.model = read_model(model);
    scenario.model_line = model.line();
    scenario.training = read_training(training);
    scenario.evaluation = read_evaluation(evaluation);
    scenario.constraints = read_constraints(constraints);
    scenario.prices = read_prices(prices);
    scenario.seeds = read_seeds(seeds);
    scenario.targets = read_targets(target);
    for (const XmlElement& sweep : root_.children("sweep")) scenario.sweep = read_sweep(context_, sweep);
    for (const XmlElement& methods : root_.children("methods")) scenario.methods = read_methods(context_, methods);
    if (model.has("kind") && data.has("set") && !data.refused("set")) check_model_reads_data(scenario, model);
    return scenario;
  }

 private:
  AttributeReader reader(const std::string& element) {
    const std::vector<XmlElement> found = root_.children(element);
    return AttributeReader(context_, element, found.empty() ? std::optional<XmlElement>() : found.front());
  }

  XmlElement root_;
  ReadingContext& context_;
};

}  // namespace

namespace {

Scenario read_document(const XmlDocument& document, const std::string& file, const std::vector<Override>& overrides) {
  const std::string schema = resource_file("scenarios/scenario.xsd");
  const SchemaGuide guide(schema);
  ReadingContext context{file, guide, {}, document.validate(schema)};
  if (document.root().name() != guide.root()) report(std::move(context.mistakes));
  if (context.mistakes.empty()) apply_overrides(document, schema, overrides, context);

  Scenario scenario = ScenarioReader(document, context).read();
  if (!context.mistakes.empty()) report(std::move(context.mistakes));
  scenario.text = document.serialise();
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
