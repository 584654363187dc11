// The vocabulary as documents: the schema for editors, and the tables of the reference.
#pragma once

#include <string>

namespace msfusion {

/// scenarios/scenario.xsd: every element, attribute and value type, with meanings for editors to show.
std::string schema_text();

/// The reference of scenarios/README.md, in Markdown: a section per element with a row per attribute.
std::string reference_text();

}  // namespace msfusion
