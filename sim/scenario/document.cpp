#include "sim/scenario/document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "sim/base/spelling.hpp"
#include "sim/scenario/elements.hpp"
#include "sim/scenario/overrides.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostMistakes = 100;
constexpr std::size_t kLongestName = 60;

std::vector<std::string> attribute_names(const ElementInfo& info) {
  std::vector<std::string> names;
  for (const AttributeInfo& attribute : info.attributes) names.push_back(attribute.name);
  return names;
}

std::vector<std::string> child_names(const ElementInfo& info) {
  std::vector<std::string> names;
  for (const ChildInfo& child : info.children) names.push_back(child.name);
  return names;
}

bool same(const Mistake& a, const Mistake& b) {
  return a.file == b.file && a.line == b.line && a.found == b.found && a.allowed == b.allowed;
}

std::string resolve_path(const std::string& scenario_file, const std::string& path) {
  return (std::filesystem::path(scenario_file).parent_path() / path).string();
}

Objection wrong_value(const std::string& element, const AttributeInfo& row, const std::string& value) {
  GivenAttributes given(element, {{row.name, {value, value}}});
  given.refuse(row.name, "allowed: " + row.type.instead_of(value));
  return given.objections().front();
}

}  // namespace

bool ScenarioDocument::is_full() const {
  return mistakes_.size() >= kMostMistakes;
}

bool ScenarioDocument::check_structure() {
  const ElementInfo& info = scenario_elements().front();
  if (root_.name() != info.name || root_.has_namespace()) {
    mistakes_.push_back({file_, root_.line(), fmt::format("the outermost element is <{}>", root_.name()),
                         fmt::format("only <{}> is allowed", info.name)});
    return false;
  }
  check(root_, info);
  return true;
}

void ScenarioDocument::check(const XmlElement& element, const ElementInfo& info) {
  check_attributes(element, info);
  if (element.has_own_text() && !holds_text(info))
    add(element, {"", fmt::format("text within <{}>", info.name), "only elements and attributes are allowed"});
  check_children(element, info);
}

void ScenarioDocument::check_attributes(const XmlElement& element, const ElementInfo& info) {
  const std::vector<std::string> allowed = attribute_names(info);
  for (const auto& [name, value] : element.attributes()) {
    if (is_full()) return;
    const auto row = std::find_if(info.attributes.begin(), info.attributes.end(),
                                  [n = &name](const auto& a) { return a.name == *n; });
    if (row != info.attributes.end()) {
      if (!row->type.accepts(value)) add(element, wrong_value(info.name, *row, value));
    } else {
      add(element, {name,
                    fmt::format("unknown attribute {} in <{}>",
                                name.size() > kLongestName ? name.substr(0, kLongestName) + "..." : name, info.name),
                    allowed.empty() ? "it has none" : "allowed: " + one_of(name, allowed)});
    }
  }
  for (const AttributeInfo& attribute : info.attributes)
    if (attribute.required && !element.attribute(attribute.name))
      add(element,
          {"", fmt::format("<{}> has no {}", info.name, attribute.name), "needed: " + attribute.type.instead_of("")});
}

void ScenarioDocument::check_children(const XmlElement& element, const ElementInfo& info) {
  if (holds_layers(info)) return;
  const std::vector<std::string> allowed = child_names(info);
  if (const std::size_t count = element.children().size(); count > kMostChildren) {
    add(element, {"", fmt::format("{} elements in <{}>", count, info.name),
                  fmt::format("at most {} are allowed", kMostChildren)});
    report();  // reading them all takes time with the square of their number
  }
  std::set<std::string> present;
  for (const XmlElement& child : element.children()) {
    if (is_full()) return;
    const std::string name = child.name();
    const auto known =
        std::find_if(info.children.begin(), info.children.end(), [&](const ChildInfo& c) { return c.name == name; });
    if (known == info.children.end() || child.has_namespace()) {
      add(child, {"", fmt::format("unknown element <{}> in <{}>", name, info.name),
                  allowed.empty() ? "no elements are allowed in it" : "allowed: " + one_of(name, allowed)});
    } else if (!present.insert(name).second && !known->repeated) {
      add(child, {"", fmt::format("a second <{}> in <{}>", name, info.name), "only one is allowed"});
    } else {
      check(child, element_info(name));
    }
  }
  for (const ChildInfo& child : info.children)
    if (child.required && present.count(child.name) == 0)
      add(element, {"", fmt::format("<{}> has no <{}>", info.name, child.name), "it is needed"});
}

void ScenarioDocument::apply(const Override& change) {
  try {
    const auto [element, attribute] = apply_override(root_, change);
    changes_.push_back({element, attribute, to_string(change)});
  } catch (const UserError& error) {
    mistakes_.insert(mistakes_.end(), error.mistakes().begin(), error.mistakes().end());
  }
}

std::optional<XmlElement> ScenarioDocument::child(const std::string& name) const {
  for (const XmlElement& child : root_.children(name)) return child;
  return {};
}

GivenAttributes ScenarioDocument::attributes_of(const std::optional<XmlElement>& element,
                                                const std::string& name) const {
  std::map<std::string, GivenAttributes::Value> values;
  if (!element) return {name, values};
  for (const auto& [attribute, written] : element->attributes()) values[attribute] = {written, written};
  for (const AttributeInfo& attribute : element_info(name).attributes) {
    const auto value = values.find(attribute.name);
    if (value == values.end() || !attribute.type.is_path || value->second.written.empty()) continue;
    const std::string path = trimmed(value->second.written);
    const std::vector<std::string>& words = attribute.type.words;
    if (std::find(words.begin(), words.end(), path) == words.end()) value->second.meant = resolve_path(file_, path);
  }
  return {name, values};
}

void ScenarioDocument::add(const std::optional<XmlElement>& element, const GivenAttributes& given) {
  for (const Objection& objection : given.objections()) add(element, objection);
}

void ScenarioDocument::add(const std::optional<XmlElement>& element, const Objection& objection) {
  if (is_full()) return;
  for (auto change = changes_.rbegin(); element && change != changes_.rend(); ++change) {
    const bool made = objection.attribute.empty() && element->line() == 0;
    if (change->element == *element && (made || change->attribute == objection.attribute)) {
      mistakes_.push_back({change->text, 0, objection.found, objection.allowed});
      return;
    }
  }
  const int line = !element                      ? 0
                   : objection.attribute.empty() ? element->line()
                                                 : element->attribute_line(objection.attribute);
  mistakes_.push_back({file_, line, objection.found, objection.allowed});
}

void ScenarioDocument::add(const UserError& error) {
  for (const Mistake& mistake : error.mistakes())
    if (!is_full()) mistakes_.push_back(mistake);
}

void ScenarioDocument::report() {
  std::stable_sort(mistakes_.begin(), mistakes_.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
  std::vector<Mistake> distinct;
  for (Mistake& mistake : mistakes_) {
    const bool known =
        std::any_of(distinct.begin(), distinct.end(), [&](const Mistake& m) { return same(m, mistake); });
    if (!known) distinct.push_back(std::move(mistake));
  }
  throw UserError(std::move(distinct));
}

}  // namespace msfusion
