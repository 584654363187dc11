#include "tests/support/paths.hpp"

namespace msfusion {

std::string source_file(const std::string& relative) {
  return MSFUSION_SOURCE_DIR "/" + relative;
}

const char* program_path() {
  return MSFUSION_PROGRAM;
}

}  // namespace msfusion
