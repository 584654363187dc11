// Where the program's own files are: the scenario schema, the report's page template.
#pragma once

#include <string>

namespace msfusion {

/// The path of a file that ships with the program, e.g. "scenarios/scenario.xsd". Looked for in $MSFUSION_SHARE (alone,
/// where it is set), in the source tree that the program was built from, and in ../share/msfusion beside the program's
/// folder. Throws RunError with the places tried.
std::string resource_file(const std::string& relative);

}  // namespace msfusion
