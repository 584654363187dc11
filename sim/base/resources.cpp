#include "sim/base/resources.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {
namespace fs = std::filesystem;

std::vector<fs::path> places() {
  if (const char* share = std::getenv("MSFUSION_SHARE"); share && *share) return {share};
  std::vector<fs::path> found = {MSFUSION_SOURCE_DIR};
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) found.push_back(program.parent_path().parent_path() / "share" / "msfusion");
  return found;
}
}  // namespace

std::string resource_file(const std::string& relative) {
  std::string tried;
  for (const fs::path& place : places()) {
    const fs::path candidate = place / relative;
    std::error_code error;
    if (fs::is_regular_file(candidate, error)) return candidate.string();
    tried += (tried.empty() ? "" : ", ") + candidate.string();
  }
  throw RunError("a file of the program is missing: " + relative + " (looked for " + tried +
                 "); install it again or set MSFUSION_SHARE to its folder");
}

}  // namespace msfusion
