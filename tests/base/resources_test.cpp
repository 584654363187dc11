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
