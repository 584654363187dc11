// Changing a scenario from the command line: --set PATH=VALUE. For read_scenario alone.
#pragma once

#include "sim/scenario/attribute_reader.hpp"
#include "sim/scenario/scenario.hpp"

namespace msfusion {

/// "--set training.rounds=3", as the file part of a mistake.
std::string to_string(const Override& change);

/// Sets the attribute; an optional element that is absent is made. Throws UserError for a path that leads nowhere, with
/// what exists there, or for a value that no XML file can hold. Whether the value is right is for the schema to say.
SetAttribute apply_override(const XmlDocument& document, const SchemaGuide& guide, const Override& change);

}  // namespace msfusion
