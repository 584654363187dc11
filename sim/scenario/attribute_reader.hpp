// The attributes of one element as typed values, with the mistakes that are found on the way.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/units.hpp"
#include "sim/base/xml.hpp"
#include "sim/base/xml_schema.hpp"

namespace msfusion {

/// An attribute whose value came from --set and not from the file.
struct SetAttribute {
  XmlElement element;
  std::string attribute;
  std::string text;  ///< "--set training.rounds=3"
};

/// What the reading of one scenario shares.
struct ReadingContext {
  std::string file;
  const SchemaGuide& guide;
  std::vector<SetAttribute> changes;
  std::vector<Mistake> mistakes;
};

/// Values are trimmed as the schema's types ask for. A value that cannot be had, although the schema passed it, is a
/// mistake with what the schema says is allowed; the fallback then stands in, so that reading goes on.
class AttributeReader {
 public:
  /// Without an element every attribute counts as absent.
  AttributeReader(ReadingContext& context, std::string element_name, std::optional<XmlElement> element);

  bool has(const std::string& name) const { return element_ && element_->attribute(name); }
  int line() const { return element_ ? element_->line() : 0; }
  int line_of(const std::string& name) const { return element_ ? element_->attribute_line(name) : 0; }
  std::vector<std::string> names() const;  ///< of the attributes that are there

  std::string text(const std::string& name, const std::string& fallback = "");
  double number(const std::string& name, double fallback);
  std::optional<double> number(const std::string& name);
  int integer(const std::string& name, int fallback);
  std::optional<std::int64_t> integer(const std::string& name);
  bool on_off(const std::string& name, bool fallback);
  std::optional<double> quantity(const std::string& name, Quantity quantity);  ///< never negative
  std::vector<double> numbers(const std::string& name);
  std::vector<int> integers(const std::string& name, std::vector<int> fallback);
  std::vector<std::uint64_t> seeds(const std::string& name, std::vector<std::uint64_t> fallback);

  template <class Enum>
  Enum choice(const std::string& name, Enum fallback, std::initializer_list<std::pair<const char*, Enum>> values) {
    if (!has(name)) return fallback;
    const std::string found = text(name);
    for (const auto& [word, value] : values)
      if (found == word) return value;
    refuse(name);
    return fallback;
  }

  /// Whether an attribute's value was found to be none, so that what follows from the fallback is no mistake of the
  /// user's.
  bool refused(const std::string& name) const;

  /// The named attributes mean something only under a condition on another attribute, e.g. "partition=\"dirichlet\"".
  void belongs_to(const std::string& other, bool condition, const std::string& condition_text,
                  std::initializer_list<const char*> names);

  /// A mistake at an attribute (or at the element, where it is absent).
  void mistake(const std::string& name, const std::string& found, const std::string& allowed);

  /// name="value" in <element>, for messages.
  std::string quote(const std::string& name) const;

 private:
  void refuse(const std::string& name);  ///< the value is not what the schema allows
  std::vector<std::string> words(const std::string& name) const;

  ReadingContext& context_;
  std::string element_name_;
  std::optional<XmlElement> element_;
  std::set<std::string> refused_;
};

}  // namespace msfusion
