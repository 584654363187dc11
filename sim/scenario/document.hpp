// A scenario's document: its elements held against the vocabulary, and mistakes told with file and line.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/vocabulary.hpp"
#include "sim/base/xml.hpp"
#include "sim/scenario/scenario.hpp"

namespace msfusion {

class ScenarioDocument {
 public:
  /// `file` is what mistakes call the document, and where its relative paths start. The document must outlive this.
  ScenarioDocument(const XmlDocument& document, std::string file) : root_(document.root()), file_(std::move(file)) {}

  /// Adds a mistake for everything that is missing or not in the vocabulary: elements, attributes, stray
  /// text. Values are judged when they are read. False: the outermost element is another one.
  bool check_structure();

  /// Sets an attribute; an optional element that is absent is made. A path that leads nowhere, and a value that no XML
  /// file can hold, are mistakes.
  void apply(const Override& change);

  XmlElement root() const { return root_; }

  /// The first child of the outermost element with that name.
  std::optional<XmlElement> child(const std::string& name) const;

  /// An element's attributes, relative paths resolved; none for an element that is absent.
  GivenAttributes attributes_of(const std::optional<XmlElement>& element, const std::string& name) const;

  /// Takes over what the reading of an element objected to.
  void add(const std::optional<XmlElement>& element, const GivenAttributes& given);
  void add(const std::optional<XmlElement>& element, const Objection& objection);

  void add(const UserError& error);  ///< of a file that the document names

  bool is_clean() const { return mistakes_.empty(); }

  /// Throws all mistakes, by line, each once.
  [[noreturn]] void report();

 private:
  /// An attribute whose value came from --set or <vary> and not from where it stands.
  struct SetAttribute {
    XmlElement element;
    std::string attribute;
    std::string text;  ///< "--set training.rounds=3"
  };

  void check(const XmlElement& element, const ElementInfo& info);
  void check_attributes(const XmlElement& element, const ElementInfo& info);
  void check_children(const XmlElement& element, const ElementInfo& info);
  bool is_full() const;

  XmlElement root_;
  std::string file_;
  std::vector<SetAttribute> changes_;
  std::vector<Mistake> mistakes_;
};

}  // namespace msfusion
