#include "sim/base/resources.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

TEST_CASE("the program's files lie beside it, in the build folder as where it is installed") {
  CHECK(resource_folder("/opt/sim/bin/msfusion") == "/opt/sim/share/msfusion");
  for (const char* file : {"scenarios/scenario.xsd", "platforms/catalogue.xml"})
    CHECK(fs::is_regular_file(fs::path(resource_folder(program_path())) / file));
}

TEST_CASE("MSFUSION_SHARE says where they are instead, and a missing one is an error") {
  const fs::path share = fs::temp_directory_path() / ("msfusion-share-test-" + std::to_string(getpid()));
  fs::create_directories(share);
  std::ofstream(share / "a.xml") << "x";
  setenv("MSFUSION_SHARE", share.c_str(), 1);
  CHECK(resource_file("a.xml") == (share / "a.xml").string());
  CHECK_THROWS_AS(resource_file("scenarios/scenario.xsd"), RunError);
  unsetenv("MSFUSION_SHARE");
  fs::remove_all(share);
}
