#include <fmt/format.h>

#include "sim/scenario/readers.hpp"

namespace msfusion {

namespace {

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

MethodElement read_method(AttributeReader& reader, const std::string& scenario_file) {
  MethodElement method;
  method.line = reader.line();
  method.name = reader.text("name");
  method.label = reader.has("label") ? reader.text("label") : method.name;
  if (!is_one_line(method.label)) reader.mistake("label", reader.quote("label"), "a text on one line, not only blanks");
  for (const std::string& name : reader.names()) {
    if (name == "name" || name == "label") continue;
    std::string value = reader.text(name);
    if (name == "graph-file") value = resolve_path(scenario_file, value);
    method.attributes.push_back({name, value, reader.line_of(name)});
  }
  return method;
}

}  // namespace

std::vector<MethodElement> read_methods(ReadingContext& context, const XmlElement& methods) {
  std::vector<MethodElement> all;
  for (const XmlElement& element : methods.children("method")) {
    AttributeReader reader(context, "method", element);
    MethodElement method = read_method(reader, context.file);
    for (const MethodElement& other : all) {
      if (other.label != method.label) continue;
      const std::string attribute = reader.has("label") ? "label" : "name";
      reader.mistake(attribute,
                     fmt::format("{}: the method on line {} has the same label", reader.quote(attribute), other.line),
                     "needed: a label of its own");
      break;
    }
    all.push_back(std::move(method));
  }
  return all;
}

}  // namespace msfusion
