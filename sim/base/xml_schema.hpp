// What a schema allows, for messages and for completing documents: a reading of the XSD's own text.
#pragma once

#include <string>
#include <vector>

#include "sim/base/xml.hpp"

namespace msfusion {

/// An attribute as the schema declares it.
struct SchemaAttribute {
  std::string name;
  std::string type;  ///< name of its simple type, "" if it has none of its own
  bool required = false;
  std::string documentation;  ///< its xs:documentation
};

/// A schema in which every element name is declared once, with its complex type inside, and attributes have named
/// simple types that state in their documentation what they allow ("a whole number, 1 or more"). Scenario.xsd is
/// written so.
class SchemaGuide {
 public:
  explicit SchemaGuide(const std::string& schema_file);

  std::vector<std::string> elements() const;  ///< every element's name, in the schema's order
  std::string root() const;
  std::vector<std::string> children(const std::string& element) const;
  std::vector<std::string> required_children(const std::string& element) const;
  std::vector<SchemaAttribute> attributes(const std::string& element) const;
  std::vector<std::string> attribute_names(const std::string& element) const;

  /// What may be written there, given what was: "one of a, b, c; did you mean 'b'?", "a whole number, 1 or more".
  std::string allowed(const std::string& element, const std::string& attribute, const std::string& found) const;

  /// The values of an enumeration; empty for other types.
  std::vector<std::string> enumeration(const std::string& type) const;

 private:
  XmlElement type(const std::string& name) const;
  XmlElement declaration(const std::string& element) const;

  XmlDocument document_;
  std::vector<XmlElement> declarations_;
};

}  // namespace msfusion
