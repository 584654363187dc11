// Where the program's own files are: schema, catalogue, platforms, scenarios.
#pragma once

#include <string>

namespace msfusion {

/// Where the files of a program at this path are: $MSFUSION_SHARE where it is set, otherwise ../share/msfusion beside
/// the program's folder. The build folder is laid out like an installation, so no program knows of a source folder.
std::string resource_folder(const std::string& program);

/// The path of a file that ships with this program, e.g. "platforms/catalogue.xml". Throws RunError with the place
/// tried.
std::string resource_file(const std::string& relative);

}  // namespace msfusion
