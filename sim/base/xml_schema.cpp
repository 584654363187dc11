#include "sim/base/xml_schema.hpp"

#include <algorithm>
#include <cassert>
#include <optional>

#include "sim/base/spelling.hpp"

namespace msfusion {

namespace {

void collect_declarations(const XmlElement& node, std::vector<XmlElement>& into) {
  for (const XmlElement& child : node.children()) {
    if (child.name() == "element") into.push_back(child);
    collect_declarations(child, into);
  }
}

std::string documentation_of(const XmlElement& declaration) {
  for (const XmlElement& annotation : declaration.children("annotation"))
    for (const XmlElement& documentation : annotation.children("documentation")) return documentation.text();
  return "";
}

std::vector<XmlElement> child_declarations(const XmlElement& declaration) {
  std::vector<XmlElement> all;
  for (const XmlElement& type : declaration.children("complexType"))
    for (const XmlElement& group : type.children())
      if (group.name() == "all" || group.name() == "sequence" || group.name() == "choice")
        for (const XmlElement& child : group.children("element")) all.push_back(child);
  return all;
}

std::vector<std::string> names_of(const std::vector<XmlElement>& declarations) {
  std::vector<std::string> names;
  for (const XmlElement& declaration : declarations) names.push_back(declaration.attribute("name").value_or(""));
  return names;
}

}  // namespace

SchemaGuide::SchemaGuide(const std::string& schema_file)
    : document_(XmlDocument::parse_file(schema_file, XmlDocument::Doctype::refused)) {
  collect_declarations(document_.root(), declarations_);
}

std::vector<std::string> SchemaGuide::elements() const {
  return names_of(declarations_);
}

std::string SchemaGuide::root() const {
  return declarations_.front().attribute("name").value_or("");
}

XmlElement SchemaGuide::declaration(const std::string& element) const {
  const auto found = std::find_if(declarations_.begin(), declarations_.end(),
                                  [&](const XmlElement& one) { return one.attribute("name") == element; });
  assert(found != declarations_.end());
  return *found;
}

XmlElement SchemaGuide::type(const std::string& name) const {
  for (const XmlElement& one : document_.root().children("simpleType"))
    if (one.attribute("name") == name) return one;
  throw RunError("the schema does not declare the type " + name);
}

std::vector<std::string> SchemaGuide::children(const std::string& element) const {
  return names_of(child_declarations(declaration(element)));
}

std::vector<std::string> SchemaGuide::required_children(const std::string& element) const {
  std::vector<XmlElement> required;
  for (const XmlElement& child : child_declarations(declaration(element)))
    if (child.attribute("minOccurs") != "0") required.push_back(child);
  return names_of(required);
}

std::vector<SchemaAttribute> SchemaGuide::attributes(const std::string& element) const {
  std::vector<SchemaAttribute> all;
  for (const XmlElement& complex_type : declaration(element).children("complexType"))
    for (const XmlElement& one : complex_type.children("attribute"))
      all.push_back({one.attribute("name").value_or(""), one.attribute("type").value_or(""),
                     one.attribute("use") == "required", documentation_of(one)});
  return all;
}

std::vector<std::string> SchemaGuide::attribute_names(const std::string& element) const {
  std::vector<std::string> names;
  for (const SchemaAttribute& attribute : attributes(element)) names.push_back(attribute.name);
  return names;
}

std::vector<std::string> SchemaGuide::enumeration(const std::string& type_name) const {
  std::vector<std::string> values;
  for (const XmlElement& restriction : type(type_name).children("restriction"))
    for (const XmlElement& value : restriction.children("enumeration"))
      values.push_back(value.attribute("value").value_or(""));
  return values;
}

std::string SchemaGuide::allowed(const std::string& element, const std::string& attribute,
                                 const std::string& found) const {
  for (const SchemaAttribute& one : attributes(element)) {
    if (one.name != attribute || one.type.empty()) continue;
    const std::vector<std::string> values = enumeration(one.type);
    return values.empty() ? documentation_of(type(one.type)) : one_of(found, values);
  }
  return "";
}

}  // namespace msfusion
