// Where the program's own files are: the scenario schema, the report's page template.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

/// Where the files of a program at this path may be, the likeliest first: $MSFUSION_SHARE alone, where it is set;
/// otherwise ../share/msfusion beside the program's folder, and the source tree if the program lies in its build folder.
std::vector<std::string> resource_folders(const std::string& program);

/// The path of a file that ships with the program, e.g. "scenarios/scenario.xsd", in the first of this program's
/// resource_folders() that has it. Throws RunError with the places tried.
std::string resource_file(const std::string& relative);

}  // namespace msfusion
