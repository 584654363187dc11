// The implementation of XmlDocument, for sim/base/xml*.cpp only.
#pragma once

#include <libxml/tree.h>

#include <string>
#include <type_traits>
#include <vector>

#include "sim/base/xml.hpp"
#include "sim/base/xml_lines.hpp"

namespace msfusion {

struct XmlDocument::Impl {
  std::string file;
  xmlDocPtr document = nullptr;
  std::vector<TagLines> lines;  ///< the nodes' _private members point into it

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { xmlFreeDoc(document); }
};

/// The error that libxml2 hands to its callbacks: a pointer to const since 2.12.
#if LIBXML_VERSION >= 21200
using XmlErrorPointer = const xmlError*;
#else
using XmlErrorPointer = xmlErrorPtr;
#endif

inline const xmlChar* xml_text(const std::string& text) {
  return reinterpret_cast<const xmlChar*>(text.c_str());
}
inline std::string from_xml(const xmlChar* text) {
  return text ? reinterpret_cast<const char*>(text) : "";
}

/// Where the element's tag begins, and where one of its attributes stands.
int line_of(const xmlNode* element);
int line_of(const xmlAttr* attribute);

}  // namespace msfusion
