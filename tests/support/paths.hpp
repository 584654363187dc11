// Where the tests find the project's files and its program, compiled once so that no test's own flags hold a path.
#pragma once

#include <string>

namespace msfusion {

/// A file of the source folder: source_file("docs/store.md").
std::string source_file(const std::string& relative);

/// The msfusion executable of this build.
const char* program_path();

}  // namespace msfusion
