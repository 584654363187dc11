// Changing a scenario from the command line: --set PATH=VALUE.
#pragma once

#include <string>
#include <utility>

#include "sim/base/xml.hpp"
#include "sim/scenario/scenario.hpp"

namespace msfusion {

/// "--set training.rounds=3" or "s.xml:12: <vary> training.rounds=3", as the file part of a mistake.
std::string to_string(const Override& change);

/// Sets the attribute, or takes it away where the value is empty; an optional element that is absent is made. Returns
/// the element and the attribute's name. Throws UserError for a path that leads nowhere, with what exists there, or for
/// a value that no XML file can hold. Whether the value is right is judged when it is read.
std::pair<XmlElement, std::string> apply_override(const XmlElement& root, const Override& change);

}  // namespace msfusion
