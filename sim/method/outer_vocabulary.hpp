// Rows about a part of a method, as rows about the method.
#pragma once

#include "sim/method/method.hpp"

namespace msfusion {

/// The vocabulary with the part's rows at its end. `part_of`: from a method to its part.
template <class Part, class PartOf>
Vocabulary<Method> with_rows(Vocabulary<Method> vocabulary, const Vocabulary<Part>& rows, PartOf part_of) {
  for (const Attribute<Part>& row : rows.attributes) {
    Attribute<Method> outer;
    static_cast<AttributeInfo&>(outer) = static_cast<const AttributeInfo&>(row);
    outer.depends_on = row.depends_on;
    outer.assign = [assign = row.assign, part_of](Method& method, const std::string& text) {
      return assign(part_of(method), text);
    };
    outer.written = [written = row.written, part_of](const Method& method) { return written(part_of(method)); };
    if (row.applies)
      outer.applies = [applies = row.applies, part_of](const Method& method) { return applies(part_of(method)); };
    vocabulary.attributes.push_back(std::move(outer));
  }
  return vocabulary;
}

}  // namespace msfusion
