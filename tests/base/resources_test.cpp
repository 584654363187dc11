#include "sim/base/resources.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

TEST_CASE("a shipped file is found in the source tree, or under MSFUSION_SHARE alone where that is set") {
  CHECK(fs::is_regular_file(resource_file("scenarios/scenario.xsd")));
  const fs::path share = fs::temp_directory_path() / ("msfusion-share-test-" + std::to_string(getpid()));
  fs::create_directories(share);
  std::ofstream(share / "page.html") << "x";
  setenv("MSFUSION_SHARE", share.c_str(), 1);
  CHECK(resource_file("page.html") == (share / "page.html").string());
  CHECK_THROWS_AS(resource_file("scenarios/scenario.xsd"), RunError);
  unsetenv("MSFUSION_SHARE");
  fs::remove_all(share);
}

TEST_CASE("an installed program takes its own files first, and one in the build folder may take the sources'") {
  CHECK(resource_folders("/opt/sim/bin/msfusion") == std::vector<std::string>{"/opt/sim/share/msfusion"});
  const std::string self = fs::read_symlink("/proc/self/exe").string();
  const std::vector<std::string> folders = resource_folders(self);
  REQUIRE(folders.size() == 2);
  CHECK(folders[0] == (fs::path(self).parent_path().parent_path() / "share" / "msfusion").string());
  CHECK(fs::is_regular_file(fs::path(folders[1]) / "scenarios/scenario.xsd"));
}
