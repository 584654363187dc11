#include "sim/base/resources.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "sim/base/error.hpp"

namespace msfusion {

namespace fs = std::filesystem;

std::string resource_folder(const std::string& program) {
  if (const char* share = std::getenv("MSFUSION_SHARE"); share && *share) return share;
  return (fs::path(program).parent_path().parent_path() / "share" / "msfusion").string();
}

std::string resource_file(const std::string& relative) {
  std::error_code error;
  const fs::path file = fs::path(resource_folder(fs::read_symlink("/proc/self/exe", error).string())) / relative;
  if (fs::is_regular_file(file, error)) return file.string();
  throw RunError("a file of the program is missing: " + relative + " (looked for " + file.string() +
                 "); install it again or set MSFUSION_SHARE to its folder");
}

}  // namespace msfusion
