// Reading XML files safely: no network, no external entities, no entity expansion, every problem with its line.
// The only place that uses libxml2.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.hpp"

namespace msfusion {

/// An element of a document. Cheap to copy; valid while its XmlDocument lives. Attributes that belong to a namespace
/// (xsi:..) are not seen.
class XmlElement {
 public:
  std::string name() const;
  int line() const;  ///< where its tag begins; 0 for one that was added
  int attribute_line(
      const std::string& name) const;  ///< of a tag over several lines; line() if there is no such attribute
  std::string text() const;            ///< of the element and its descendants
  bool has_own_text() const;           ///< other than blanks, between its children
  bool has_namespace() const;
  std::optional<std::string> attribute(const std::string& name) const;
  std::vector<std::pair<std::string, std::string>> attributes() const;  ///< in document order
  void set_attribute(const std::string& name, const std::string& value);
  void remove_attribute(const std::string& name);  ///< where it has it
  XmlElement add_child(const std::string& name);   ///< at the end
  std::vector<XmlElement> children() const;        ///< elements only
  std::vector<XmlElement> children(const std::string& name) const;

  /// Whether two values stand for the same place in the document.
  friend bool operator==(const XmlElement& a, const XmlElement& b) { return a.node_ == b.node_; }

 private:
  friend class XmlDocument;
  explicit XmlElement(void* node) : node_(node) {}
  void* node_;
};

/// Whether a text can stand in an XML document: UTF-8 without control characters other than tab and line ends.
bool is_xml_text(const std::string& text);

class XmlDocument {
 public:
  enum class Doctype {
    refused,
    ignored
  };  ///< ignored: a declaration may stand there (SimGrid's), its DTD is never loaded

  /// Throws UserError: missing or unreadable file, larger than `max_bytes`, not well-formed (all errors with their
  /// lines), a doctype where it is refused, entity declarations anywhere.
  static XmlDocument parse_file(const std::string& file, Doctype doctype, std::size_t max_bytes = 64u << 20);

  /// The same for a text in memory; `file` is what the mistakes call it.
  static XmlDocument parse_text(const std::string& text, const std::string& file, Doctype doctype);

  /// Walks through a large file, keeping little of it: `enter` gets each element when its tag has been read (name and
  /// attributes, no children yet), `leave` gets it complete and says whether it is still needed; what is not is removed
  /// from the document. The elements that were kept live as long as the result. Throws as parse_file, after calls for
  /// what stood before the trouble.
  struct Visitor {
    virtual ~Visitor() = default;
    virtual void enter(const XmlElement& element) = 0;
    virtual bool leave(const XmlElement& element) = 0;
  };
  static XmlDocument visit_file(const std::string& file, Doctype doctype, std::size_t max_bytes, Visitor& visitor);

  XmlDocument(XmlDocument&&) noexcept;
  ~XmlDocument();

  XmlElement root() const;

  std::string serialise() const;           ///< the document as it is now, in UTF-8
  void remove(const XmlElement& element);  ///< which must be an element of this document, and is none any more

  struct Impl;

 private:
  explicit XmlDocument(std::unique_ptr<Impl> impl);
  static XmlDocument parse(const std::string& given, const std::string& file, Doctype doctype, Visitor* visitor);
  std::unique_ptr<Impl> impl_;
};

}  // namespace msfusion
