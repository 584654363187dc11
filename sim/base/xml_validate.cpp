#include <fmt/format.h>
#include <libxml/xmlschemas.h>

#include <algorithm>
#include <utility>

#include "sim/base/spelling.hpp"
#include "sim/base/xml_impl.hpp"
#include "sim/base/xml_schema.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMaxMistakes = 100;

struct Objection {
  int code;
  xmlNodePtr element;
  std::string message;
};

/// libxml2 names the attribute in its message alone: "Element 'x', attribute 'NAME': ...".
std::string attribute_of(const Objection& objection) {
  constexpr std::string_view kBefore = ", attribute '";
  const std::size_t before = objection.message.find(kBefore);
  if (before == std::string::npos) return "";
  const std::size_t begin = before + kBefore.size();
  return objection.message.substr(begin, objection.message.find('\'', begin) - begin);
}

/// The same code stands for an element that should not be there and for one that lacks children.
bool lacks_children(const Objection& objection) {
  return objection.code == XML_SCHEMAV_ELEMENT_CONTENT && objection.message.find("Missing child") != std::string::npos;
}

/// The element in the wrong place, if that is what the objection is about.
xmlNodePtr misplaced_element(const Objection& objection) {
  if (objection.code == XML_SCHEMAV_ELEMENT_CONTENT && !lacks_children(objection)) return objection.element;
  if (objection.code == XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1) return xmlFirstElementChild(objection.element);
  return nullptr;
}

void collect(void* objections, XmlErrorPointer error) {
  auto& all = *static_cast<std::vector<Objection>*>(objections);
  if (error->level != XML_ERR_WARNING && error->node)
    all.push_back({error->code, static_cast<xmlNodePtr>(error->node), error->message ? error->message : ""});
}

class Schema {
 public:
  explicit Schema(const std::string& file) {
    // Read by us, because libxml2 may load nothing by itself.
    const XmlDocument document = XmlDocument::parse_file(file, XmlDocument::Doctype::refused);
    text_ = document.serialise();
    parser_ = xmlSchemaNewMemParserCtxt(text_.data(), static_cast<int>(text_.size()));
    schema_ = parser_ ? xmlSchemaParse(parser_) : nullptr;
    if (!schema_) throw RunError(file + ": the program's own schema is damaged");
  }
  Schema(const Schema&) = delete;
  Schema& operator=(const Schema&) = delete;
  ~Schema() {
    xmlSchemaFree(schema_);
    xmlSchemaFreeParserCtxt(parser_);
  }

  std::vector<Objection> objections_to(xmlDocPtr document) const {
    std::vector<Objection> objections;
    xmlSchemaValidCtxtPtr validation = xmlSchemaNewValidCtxt(schema_);
    xmlSchemaSetValidStructuredErrors(validation, collect, &objections);
    xmlSchemaValidateDoc(validation, document);
    xmlSchemaFreeValidCtxt(validation);
    return objections;
  }

 private:
  std::string text_;
  xmlSchemaParserCtxtPtr parser_ = nullptr;
  xmlSchemaPtr schema_ = nullptr;
};

/// Takes elements out of a document and puts them back, each in its place, when it goes.
class Removals {
 public:
  Removals() = default;
  Removals(const Removals&) = delete;
  Removals& operator=(const Removals&) = delete;
  ~Removals() {
    for (auto removed = removed_.rbegin(); removed != removed_.rend(); ++removed) {
      if (removed->next)
        xmlAddPrevSibling(removed->next, removed->node);
      else
        xmlAddChild(removed->parent, removed->node);
    }
  }
  void remove(xmlNodePtr node) {
    removed_.push_back({node, node->parent, node->next});
    xmlUnlinkNode(node);
  }

 private:
  struct Removed {
    xmlNodePtr node, parent, next;
  };
  std::vector<Removed> removed_;
};

std::string clip(const std::string& value, std::size_t longest = 60) {
  if (value.size() <= longest) return value;
  std::size_t end = longest;
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;  // not within a UTF-8 character
  return value.substr(0, end) + "...";
}

class Wording {
 public:
  Wording(std::string file, const SchemaGuide& guide) : file_(std::move(file)), guide_(guide) {}

  Mistake wrong_root(xmlNodePtr node) const {
    return {file_, line_of(node), fmt::format("the outermost element is <{}>", from_xml(node->name)),
            fmt::format("only <{}> is allowed", guide_.root())};
  }

  Mistake unexpected_element(xmlNodePtr node) const {
    const std::string name = from_xml(node->name), parent = from_xml(node->parent->name);
    const std::vector<std::string> allowed = guide_.children(parent);
    if (!node->ns && std::find(allowed.begin(), allowed.end(), name) != allowed.end())
      return {file_, line_of(node), fmt::format("a second <{}> in <{}>", name, parent), "only one is allowed"};
    return {file_, line_of(node), fmt::format("unknown element <{}> in <{}>", name, parent),
            allowed.empty() ? "no elements are allowed in it" : "allowed: " + one_of(name, allowed)};
  }

  std::vector<Mistake> missing_elements(xmlNodePtr node) const {
    std::vector<Mistake> mistakes;
    const std::string name = from_xml(node->name);
    for (const std::string& child : guide_.required_children(name)) {
      bool present = false;
      for (xmlNodePtr one = xmlFirstElementChild(node); one; one = xmlNextElementSibling(one))
        present = present || from_xml(one->name) == child;
      if (!present)
        mistakes.push_back({file_, line_of(node), fmt::format("<{}> has no <{}>", name, child), "it is needed"});
    }
    return mistakes;
  }

  std::vector<Mistake> missing_attributes(xmlNodePtr node) const {
    std::vector<Mistake> mistakes;
    const std::string name = from_xml(node->name);
    for (const SchemaAttribute& attribute : guide_.attributes(name))
      if (attribute.required && !xmlHasNsProp(node, xml_text(attribute.name), nullptr))
        mistakes.push_back({file_, line_of(node), fmt::format("<{}> has no {}", name, attribute.name),
                            "needed: " + guide_.allowed(name, attribute.name, "")});
    return mistakes;
  }

  Mistake unknown_attribute(const xmlAttr* attribute) const {
    const std::string name = from_xml(attribute->name), element = from_xml(attribute->parent->name);
    return {file_, line_of(attribute), fmt::format("unknown attribute {} in <{}>", clip(name), element),
            "allowed: " + one_of(name, guide_.attribute_names(element))};
  }

  Mistake wrong_value(const xmlAttr* attribute) const {
    const std::string name = from_xml(attribute->name), element = from_xml(attribute->parent->name);
    xmlChar* raw = xmlGetNoNsProp(attribute->parent, attribute->name);
    const std::string value = from_xml(raw);
    xmlFree(raw);
    return {file_, line_of(attribute), fmt::format("{}=\"{}\" in <{}>", name, clip(value), element),
            "allowed: " + guide_.allowed(element, name, value)};
  }

  Mistake stray_text(xmlNodePtr node) const {
    return {file_, line_of(node), fmt::format("text within <{}>", from_xml(node->name)),
            "only elements and attributes are allowed"};
  }

  Mistake anything_else(const Objection& objection) const {
    std::string text = objection.message;
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return {file_, line_of(objection.element), clip(text, 300), ""};
  }

 private:
  std::string file_;
  const SchemaGuide& guide_;
};

std::vector<Mistake> in_words(const Objection& objection, const Wording& wording) {
  if (const xmlNodePtr misplaced = misplaced_element(objection)) return {wording.unexpected_element(misplaced)};
  const std::string name = attribute_of(objection);
  if (const xmlAttr* attribute = xmlHasNsProp(objection.element, xml_text(name), nullptr)) {
    const bool unknown =
        objection.code == XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1 || objection.code == XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2;
    return {unknown ? wording.unknown_attribute(attribute) : wording.wrong_value(attribute)};
  }
  switch (objection.code) {
    case XML_SCHEMAV_CVC_ELT_1:
      return {wording.wrong_root(objection.element)};
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_4:
      return wording.missing_attributes(objection.element);
    case XML_SCHEMAV_ELEMENT_CONTENT:
      return wording.missing_elements(objection.element);
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1:
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3:
      return {wording.stray_text(objection.element)};
    default:
      return {wording.anything_else(objection)};
  }
}

bool same(const Mistake& a, const Mistake& b) {
  return a.line == b.line && a.found == b.found && a.allowed == b.allowed;
}

}  // namespace

std::vector<Mistake> XmlDocument::validate(const std::string& schema_file) const {
  const Schema schema(schema_file);
  const SchemaGuide guide(schema_file);
  const Wording wording(impl_->file, guide);
  std::vector<Mistake> mistakes;
  Removals removals;
  const auto add = [&](const Mistake& mistake) {
    const bool known =
        std::any_of(mistakes.begin(), mistakes.end(), [&](const Mistake& m) { return same(m, mistake); });
    if (!known) mistakes.push_back(mistake);
  };

  // libxml2 stops looking at an element's children at the first one that should not be there; so that one is set aside
  // and the validation repeated, until nothing unexpected is left.
  bool look_again = true;
  while (look_again) {
    look_again = false;
    for (const Objection& objection : schema.objections_to(impl_->document)) {
      if (mistakes.size() >= kMaxMistakes) break;
      for (const Mistake& mistake : in_words(objection, wording)) add(mistake);
      if (const xmlNodePtr misplaced = misplaced_element(objection)) {
        removals.remove(misplaced);
        look_again = mistakes.size() < kMaxMistakes;
      }
    }
  }
  std::stable_sort(mistakes.begin(), mistakes.end(),
                   [](const Mistake& a, const Mistake& b) { return a.line < b.line; });
  return mistakes;
}

}  // namespace msfusion
