#include "sim/base/xml.hpp"

#include <fmt/format.h>
#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlIO.h>

#include <boost/algorithm/string/predicate.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <regex>

#include "sim/base/input_files.hpp"
#include "sim/base/units.hpp"
#include "sim/base/xml_impl.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMaxMistakes = 20;       // what follows the first mistakes in markup is mostly their echo
constexpr std::size_t kMostAttributes = 1000;  // of an element: looking each of them up takes time with the square

struct ParseState {
  std::string file;
  XmlDocument::Doctype doctype;
  std::vector<Mistake> mistakes;
  // When visiting:
  XmlDocument::Visitor* visitor = nullptr;
  XmlElement (*element_of)(xmlNodePtr) = nullptr;
  std::vector<TagLines>* lines = nullptr;
  std::size_t elements = 0;
};

ParseState& state_of(void* context) {
  return *static_cast<ParseState*>(static_cast<xmlParserCtxtPtr>(context)->_private);
}

void refuse(void* context, const std::string& found, const std::string& allowed) {
  auto* parser = static_cast<xmlParserCtxtPtr>(context);
  ParseState& state = state_of(context);
  state.mistakes.push_back({state.file, xmlSAX2GetLineNumber(context), found, allowed});
  xmlStopParser(parser);
}

void on_doctype(void* context, const xmlChar* name, const xmlChar* external_id, const xmlChar* system_id) {
  if (state_of(context).doctype == XmlDocument::Doctype::refused)
    refuse(context, "a document type declaration (<!DOCTYPE ...>)", "not allowed here: remove it");
  else
    xmlSAX2InternalSubset(context, name, external_id, system_id);
}

void on_entity(void* context, const xmlChar* name, int, const xmlChar*, const xmlChar*, xmlChar*) {
  refuse(context, fmt::format("a declaration of the entity '{}'", from_xml(name)),
         "entities are not allowed: write their text instead");
}

void on_error(void* context, XmlErrorPointer error) {
  ParseState& state = state_of(context);
  if (error->level == XML_ERR_WARNING || state.mistakes.size() >= kMaxMistakes) return;
  std::string text = error->message ? error->message : "unknown error";
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  if (text.find("XML_PARSE_HUGE") != std::string::npos) text = "too large or too deeply nested for a file of this kind";
  const bool is_quote = text.find("AttValue") != std::string::npos ||
                        text.find("attributes values") != std::string::npos ||
                        text.find("attributes construct") != std::string::npos;
  state.mistakes.push_back({state.file, error->line, "not well-formed XML: " + text,
                            is_quote ? "is a quotation mark missing on this line or before?" : ""});
}

void on_start(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri, int namespace_count,
              const xmlChar** namespaces, int attribute_count, int defaulted_count, const xmlChar** attributes) {
  xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count, namespaces, attribute_count, defaulted_count,
                        attributes);
  ParseState& state = state_of(context);
  if (!state.visitor) return;
  const xmlNodePtr node = static_cast<xmlParserCtxtPtr>(context)->node;
  if (!node) return;  // out of memory, which libxml2 reports
  if (state.elements < state.lines->size()) node->_private = &(*state.lines)[state.elements];
  ++state.elements;
  state.visitor->enter(state.element_of(node));
}

void on_end(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri) {
  const xmlNodePtr node = static_cast<xmlParserCtxtPtr>(context)->node;
  xmlSAX2EndElementNs(context, name, prefix, uri);
  if (!node || state_of(context).visitor->leave(state_of(context).element_of(node))) return;
  const xmlNodePtr parent = node->parent;
  const auto remove = [](xmlNodePtr unwanted) {
    xmlUnlinkNode(unwanted);
    xmlFreeNode(unwanted);
  };
  remove(node);
  // The text before it as well: libxml2 would append what follows to it, counting from the length of another text.
  while (parent && parent->last && parent->last->type == XML_TEXT_NODE) remove(parent->last);
}

/// Nothing is ever loaded on behalf of a document: neither DTDs and entities nor the schemas that xsi:schemaLocation
/// names.
xmlParserInputPtr load_nothing(const char*, const char*, xmlParserCtxtPtr) {
  return nullptr;
}

void set_up_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    xmlInitParser();
    xmlSetExternalEntityLoader(load_nothing);
  });
}

/// The next element in document order, without recursion.
xmlNodePtr next_element(xmlNodePtr node) {
  if (xmlNodePtr child = xmlFirstElementChild(node)) return child;
  while (node && node->type == XML_ELEMENT_NODE) {
    if (xmlNodePtr sibling = xmlNextElementSibling(node)) return sibling;
    node = node->parent;
  }
  return nullptr;
}

// libxml2 compares each attribute of an element with all others before it tells of them.
void check_attribute_counts(const std::vector<TagLines>& tags, const std::string& file) {
  for (const TagLines& tag : tags)
    if (tag.attribute_count > kMostAttributes)
      throw UserError(
          Mistake{file, tag.line, fmt::format("an element with {} attributes", tag.attribute_count),
                  fmt::format("at most {} attributes in an element; is a quotation mark missing?", kMostAttributes)});
}

void attach_lines(XmlDocument::Impl& impl) {
  std::size_t elements = 0;
  for (xmlNodePtr node = xmlDocGetRootElement(impl.document); node; node = next_element(node)) ++elements;
  if (elements != impl.lines.size()) return;  // an encoding that the scanner cannot read: use libxml2's lines
  std::size_t index = 0;
  for (xmlNodePtr node = xmlDocGetRootElement(impl.document); node; node = next_element(node))
    node->_private = &impl.lines[index++];
}

/// The text in UTF-8, if its first bytes or its declaration name another encoding that can be converted; otherwise
/// none.
std::optional<std::string> converted(const std::string& text) {
  const auto begins_with = [&](const std::string& bytes) { return text.compare(0, bytes.size(), bytes) == 0; };
  std::string encoding;
  if (begins_with("\xFF\xFE") || begins_with({'<', '\0'})) {
    encoding = "UTF-16LE";
  } else if (begins_with("\xFE\xFF") || begins_with({'\0', '<'})) {
    encoding = "UTF-16BE";
  } else if (begins_with("<?xml")) {
    static const std::regex declared("^<\\?xml[^>]*?encoding\\s*=\\s*[\"']([A-Za-z0-9._-]+)[\"']");
    std::smatch match;
    const std::string declaration = text.substr(0, std::min<std::size_t>(text.find('>'), 200));
    if (std::regex_search(declaration, match, declared)) encoding = match[1];
  }
  if (encoding.empty() || boost::iequals(encoding, "UTF-8") || boost::iequals(encoding, "US-ASCII")) return {};
  const std::unique_ptr<xmlCharEncodingHandler, int (*)(xmlCharEncodingHandler*)> handler(
      xmlFindCharEncodingHandler(encoding.c_str()), xmlCharEncCloseFunc);
  const std::unique_ptr<xmlBuffer, void (*)(xmlBuffer*)> in(xmlBufferCreate(), xmlBufferFree),
      out(xmlBufferCreate(), xmlBufferFree);
  if (!handler || !in || !out) return {};
  xmlBufferAdd(in.get(), xml_text(text), static_cast<int>(text.size()));
  std::string utf8;
  while (xmlBufferLength(in.get()) > 0) {
    const int left = xmlBufferLength(in.get());
    const int done = xmlCharEncInFunc(handler.get(), out.get(), in.get());
    if (done < 0 || xmlBufferLength(in.get()) == left) return {};  // libxml2 says at which line
    utf8.append(reinterpret_cast<const char*>(xmlBufferContent(out.get())),
                static_cast<std::size_t>(xmlBufferLength(out.get())));
    xmlBufferEmpty(out.get());
  }
  return utf8;
}

std::string read_whole(const std::string& file, std::size_t max_bytes) {
  const auto fail = [&](const std::string& found, const std::string& allowed) {
    throw UserError(Mistake{file, 0, found, allowed});
  };
  const auto too_large = [&] {
    fail("is too large", fmt::format("at most {}", human(static_cast<double>(max_bytes), Quantity::bytes)));
  };
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) fail("no such file", "check the path");
  if (std::filesystem::is_directory(status)) fail("is a folder", "an XML file is needed");
  if (std::filesystem::is_character_file(status) || std::filesystem::is_block_file(status))
    fail("is a device", "an XML file is needed");
  if (std::filesystem::is_regular_file(status) && std::filesystem::file_size(file, error) > max_bytes) too_large();
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(fmt::format("cannot be read: {}", std::strerror(errno)), "");
  InputLog::note(file);
  std::string text;
  char block[65536];
  while (text.size() <= max_bytes && (in.read(block, sizeof block) || in.gcount() > 0))
    text.append(block, static_cast<std::size_t>(in.gcount()));
  if (in.bad()) fail("cannot be read", "");
  if (text.size() > max_bytes) too_large();
  return text;
}

xmlNodePtr node_of(void* node) {
  return static_cast<xmlNodePtr>(node);
}

}  // namespace

int line_of(const xmlNode* element) {
  if (const auto* lines = static_cast<const TagLines*>(element->_private)) return lines->line;
  return static_cast<int>(xmlGetLineNo(element));
}

int line_of(const xmlAttr* attribute) {
  const auto* lines = static_cast<const TagLines*>(attribute->parent->_private);
  std::size_t index = 0;
  for (const xmlAttr* before = attribute->prev; before; before = before->prev) ++index;
  return lines && index < lines->attributes.size() ? lines->attributes[index] : line_of(attribute->parent);
}

bool is_xml_text(const std::string& text) {
  if (text.find('\0') != std::string::npos || !xmlCheckUTF8(xml_text(text))) return false;
  for (std::size_t i = 0; i < text.size();) {
    int length = static_cast<int>(text.size() - i);
    const int character = xmlGetUTF8Char(xml_text(text) + i, &length);
    if (character < 0 || !xmlIsCharQ(static_cast<unsigned>(character))) return false;
    i += static_cast<std::size_t>(length);
  }
  return true;
}

std::string XmlElement::name() const {
  return from_xml(node_of(node_)->name);
}

int XmlElement::line() const {
  return line_of(node_of(node_));
}

int XmlElement::attribute_line(const std::string& name) const {
  const xmlAttr* attribute = xmlHasNsProp(node_of(node_), xml_text(name), nullptr);
  return attribute ? line_of(attribute) : line();
}

std::string XmlElement::text() const {
  xmlChar* content = xmlNodeGetContent(node_of(node_));
  const std::string copy = from_xml(content);
  xmlFree(content);
  return copy;
}

bool XmlElement::has_own_text() const {
  for (xmlNodePtr child = node_of(node_)->children; child; child = child->next)
    if ((child->type == XML_TEXT_NODE && !xmlIsBlankNode(child)) || child->type == XML_CDATA_SECTION_NODE) return true;
  return false;
}

bool XmlElement::has_namespace() const {
  return node_of(node_)->ns != nullptr;
}

std::optional<std::string> XmlElement::attribute(const std::string& name) const {
  xmlChar* value = xmlGetNoNsProp(node_of(node_), xml_text(name));
  if (!value) return {};
  std::string copy = from_xml(value);
  xmlFree(value);
  return copy;
}

std::vector<std::pair<std::string, std::string>> XmlElement::attributes() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const xmlAttr* attribute = node_of(node_)->properties; attribute; attribute = attribute->next) {
    if (attribute->ns) continue;
    xmlChar* value = xmlNodeListGetString(node_of(node_)->doc, attribute->children, 1);
    all.emplace_back(from_xml(attribute->name), from_xml(value));
    xmlFree(value);
  }
  return all;
}

void XmlElement::set_attribute(const std::string& name, const std::string& value) {
  xmlSetProp(node_of(node_), xml_text(name), xml_text(value));
}

void XmlElement::remove_attribute(const std::string& name) {
  xmlUnsetProp(node_of(node_), xml_text(name));
}

XmlElement XmlElement::add_child(const std::string& name) {
  return XmlElement(xmlNewChild(node_of(node_), nullptr, xml_text(name), nullptr));
}

std::vector<XmlElement> XmlElement::children() const {
  std::vector<XmlElement> all;
  for (xmlNodePtr child = xmlFirstElementChild(node_of(node_)); child; child = xmlNextElementSibling(child))
    all.push_back(XmlElement(child));
  return all;
}

std::vector<XmlElement> XmlElement::children(const std::string& name) const {
  std::vector<XmlElement> all;
  for (const XmlElement& child : children())
    if (child.name() == name) all.push_back(child);
  return all;
}

XmlDocument::XmlDocument(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
XmlDocument::XmlDocument(XmlDocument&&) noexcept = default;
XmlDocument::~XmlDocument() = default;

XmlDocument XmlDocument::parse_file(const std::string& file, Doctype doctype, std::size_t max_bytes) {
  return parse_text(read_whole(file, max_bytes), file, doctype);
}

XmlDocument XmlDocument::parse_text(const std::string& text, const std::string& file, Doctype doctype) {
  return parse(text, file, doctype, nullptr);
}

XmlDocument XmlDocument::visit_file(const std::string& file, Doctype doctype, std::size_t max_bytes, Visitor& visitor) {
  return parse(read_whole(file, max_bytes), file, doctype, &visitor);
}

XmlDocument XmlDocument::parse(const std::string& given, const std::string& file, Doctype doctype, Visitor* visitor) {
  set_up_library();
  if (given.empty()) throw UserError(Mistake{file, 0, "is empty", "an XML document is needed"});
  const std::optional<std::string> other = converted(given);
  const std::string& text = other ? *other : given;
  ParseState state;
  state.file = file;
  state.doctype = doctype;
  const std::unique_ptr<xmlParserCtxt, decltype(&xmlFreeParserCtxt)> parser(xmlNewParserCtxt(), xmlFreeParserCtxt);
  if (!parser) throw std::bad_alloc();
  parser->_private = &state;
  parser->sax->internalSubset = on_doctype;
  parser->sax->entityDecl = on_entity;
  parser->sax->serror = on_error;
  parser->sax->startElementNs = on_start;

  auto impl = std::make_unique<Impl>();
  impl->file = file;
  impl->lines = tag_lines(text);
  check_attribute_counts(impl->lines, file);
  if (visitor) {
    state.visitor = visitor;
    state.element_of = [](xmlNodePtr node) { return XmlElement(node); };
    state.lines = &impl->lines;
    parser->sax->endElementNs = on_end;
  }
  impl->document = xmlCtxtReadMemory(parser.get(), text.data(), static_cast<int>(text.size()), file.c_str(),
                                     other ? "UTF-8" : nullptr, XML_PARSE_NONET | XML_PARSE_BIG_LINES);
  if (state.mistakes.empty() && (!impl->document || !xmlDocGetRootElement(impl->document)))
    state.mistakes.push_back({file, 0, "not well-formed XML", ""});
  if (!state.mistakes.empty()) throw UserError(std::move(state.mistakes));
  if (!visitor) attach_lines(*impl);
  return XmlDocument(std::move(impl));
}

XmlElement XmlDocument::root() const {
  return XmlElement(xmlDocGetRootElement(impl_->document));
}

void XmlDocument::remove(const XmlElement& element) {
  xmlUnlinkNode(node_of(element.node_));
  xmlFreeNode(node_of(element.node_));
}

std::string XmlDocument::serialise() const {
  xmlChar* text = nullptr;
  int bytes = 0;
  xmlDocDumpMemoryEnc(impl_->document, &text, &bytes, "UTF-8");
  std::string copy(reinterpret_cast<const char*>(text), static_cast<std::size_t>(bytes));
  xmlFree(text);
  return copy;
}

}  // namespace msfusion
