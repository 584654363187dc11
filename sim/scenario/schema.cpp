#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/scenario/elements.hpp"
#include "sim/scenario/reference.hpp"

namespace msfusion {

namespace {

constexpr const char* kHead = R"(<?xml version="1.0" encoding="UTF-8"?>
<!-- Scenario files, for editors that complete and check them. Printed by `msfusion list schema`. The program also checks
     what depends on two attributes at once, such as alpha without partition="dirichlet". -->
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
)";

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string annotation(const std::string& text) {
  return "<xs:annotation><xs:documentation>" + escaped(text) + "</xs:documentation></xs:annotation>";
}

std::string documentation_of(const AttributeInfo& attribute) {
  std::string text = attribute.meaning;
  if (!attribute.needs.empty()) text += " Only with " + attribute.needs + ".";
  if (!attribute.unit.empty()) text += " Unit: " + attribute.unit + ".";
  text += attribute.required ? " Required." : " Default: " + attribute.fallback + ".";
  if (!attribute.when.empty()) text += " When to change: " + attribute.when;
  return text;
}

std::string attribute_text(const AttributeInfo& attribute, const std::string& indent) {
  return fmt::format("{0}<xs:attribute name=\"{1}\" type=\"{2}\"{3}>\n{0}  {4}\n{0}</xs:attribute>\n", indent,
                     attribute.name, attribute.type.name, attribute.required ? " use=\"required\"" : "",
                     annotation(documentation_of(attribute)));
}

/// Elements stand inside the ones that they belong to, so that each name is declared where it may occur.
std::string element_text(const ElementInfo& element, const std::string& occurrence, const std::string& indent) {
  if (holds_text(element))
    return fmt::format("{0}<xs:element name=\"{1}\" type=\"xs:string\"{2}>\n{0}  {3}\n{0}</xs:element>\n", indent,
                       element.name, occurrence, annotation(element.meaning));
  std::string text = fmt::format("{0}<xs:element name=\"{1}\"{2}>\n{0}  {3}\n{0}  <xs:complexType>\n", indent,
                                 element.name, occurrence, annotation(element.meaning));
  if (holds_layers(element))
    text += fmt::format(
        "{}    <xs:sequence><xs:any minOccurs=\"0\" maxOccurs=\"unbounded\" processContents=\"skip\"/></xs:sequence>\n",
        indent);
  if (!element.children.empty()) {
    const bool repeated = element.children.front().repeated;
    const char* group = repeated ? "sequence" : "all";  // children that occur once stand in any order
    text += fmt::format("{}    <xs:{}>\n", indent, group);
    for (const ChildInfo& child : element.children)
      text += element_text(element_info(child.name),
                           std::string(child.required ? "" : " minOccurs=\"0\"") +
                               (child.repeated ? fmt::format(" maxOccurs=\"{}\"", kMostChildren) : ""),
                           indent + "      ");
    text += fmt::format("{}    </xs:{}>\n", indent, group);
  }
  for (const AttributeInfo& attribute : element.attributes) text += attribute_text(attribute, indent + "    ");
  return text + fmt::format("{0}  </xs:complexType>\n{0}</xs:element>\n", indent);
}

std::string type_text(const ValueType& type) {
  const std::string documentation = type.words.empty() ? "    " + annotation(type.allowed) + "\n" : "";
  return fmt::format("  <xs:simpleType name=\"{}\">\n{}    {}\n  </xs:simpleType>\n", type.name, documentation,
                     type.schema);
}

/// Types by name. A list or a union names others, which are there because some attribute or this function adds them.
std::map<std::string, ValueType> all_types() {
  std::map<std::string, ValueType> types;
  const auto add = [&](const ValueType& type) { types.emplace(type.name, type); };
  for (const ElementInfo& element : scenario_elements())
    for (const AttributeInfo& attribute : element.attributes) {
      add(attribute.type);
      for (const ValueType& part : attribute.type.parts) add(part);
    }
  return types;
}

}  // namespace

std::string schema_text() {
  std::string text = kHead;
  text += element_text(scenario_elements().front(), "", "  ");
  for (const auto& [name, type] : all_types()) text += type_text(type);
  return text + "</xs:schema>\n";
}

}  // namespace msfusion
