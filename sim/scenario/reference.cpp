#include "sim/scenario/reference.hpp"

#include <fmt/format.h>

#include "sim/scenario/elements.hpp"

namespace msfusion {

namespace {

/// A table's cell: '|' separates cells, and '<' would begin a tag.
std::string cell(const std::string& text) {
  if (text.empty()) return "-";
  std::string safe;
  for (const char c : text) {
    if (c == '|') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string table_of(const std::vector<AttributeInfo>& attributes) {
  std::string text =
      "| attribute | allowed | default | unit | meaning | only with | when to change it "
      "|\n|---|---|---|---|---|---|---|\n";
  for (const AttributeInfo& attribute : attributes)
    text += fmt::format("| `{}` | {} | {} | {} | {} | {} | {} |\n", attribute.name, cell(attribute.type.allowed),
                        attribute.required ? "required" : cell(attribute.fallback), cell(attribute.unit),
                        cell(attribute.meaning), cell(attribute.needs), cell(attribute.when));
  return text;
}

std::string children_of(const ElementInfo& element) {
  std::string text = fmt::format("No attributes; 1 to {} `<{}>`.\n", kMostChildren, element.children.front().name);
  return text;
}

std::string section_of(const ElementInfo& element) {
  std::string text = fmt::format("\n## `<{}>`\n\n{}\n\n", element.name, element.meaning);
  if (holds_text(element)) return text + "No attributes; text.\n";
  if (element.attributes.empty()) return text + children_of(element);
  if (element.name != "model") return text + table_of(element.attributes);
  std::vector<AttributeInfo> of_file;
  for (const AttributeInfo& attribute : element.attributes)
    if (attribute.name == "file" || attribute.needs.rfind("file", 0) == 0) of_file.push_back(attribute);
  text += table_of({element.attributes.front()});
  text += fmt::format("\n### `file`: layers in a file or in the element itself, as docs/models.md explains\n\n{}",
                      table_of(of_file));
  for (const ModelKind& kind : model_kinds())
    text += fmt::format("\n### `kind=\"{}\"`: {}\n\n{}", kind.name, kind.meaning, table_of(kind.attributes()));
  return text;
}

}  // namespace

std::string reference_text() {
  std::string text;
  for (const ElementInfo& element : scenario_elements()) text += section_of(element);
  return text.substr(1);
}

}  // namespace msfusion
