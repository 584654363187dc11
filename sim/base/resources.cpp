#include "sim/base/resources.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {
namespace fs = std::filesystem;

bool lies_under(const fs::path& path, const fs::path& folder) {
  std::error_code ignored;
  const fs::path relative =
      fs::weakly_canonical(path, ignored).lexically_relative(fs::weakly_canonical(folder, ignored));
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

std::vector<std::string> resource_folders(const std::string& program) {
  if (const char* share = std::getenv("MSFUSION_SHARE"); share && *share) return {share};
  std::vector<std::string> folders = {(fs::path(program).parent_path().parent_path() / "share" / "msfusion").string()};
  if (lies_under(program, MSFUSION_BINARY_DIR)) folders.push_back(MSFUSION_SOURCE_DIR);
  return folders;
}

std::string resource_file(const std::string& relative) {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  std::string tried;
  for (const fs::path folder : resource_folders(program.string())) {
    const fs::path candidate = folder / relative;
    if (fs::is_regular_file(candidate, error)) return candidate.string();
    tried += (tried.empty() ? "" : ", ") + candidate.string();
  }
  throw RunError("a file of the program is missing: " + relative + " (looked for " + tried +
                 "); install it again or set MSFUSION_SHARE to its folder");
}

}  // namespace msfusion
