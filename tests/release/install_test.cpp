// The program where it is installed, without the folders that it was made in.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/e2e/program.hpp"
#include "tests/support/browser.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

/// An installation under a folder of its own.
struct Installed {
  TemporaryFolder folder;
  fs::path prefix = folder.path() / "prefix";
  Installed() {
    const std::string command = fmt::format("{} --install {} --prefix {} > {}", MSFUSION_CMAKE, MSFUSION_BUILD,
                                            prefix.string(), folder.file("installed.txt"));
    REQUIRE(std::system(command.c_str()) == 0);
  }

  /// Runs a command of the shell in the folder, the source and build folders covered by an empty one.
  int run_alone(const std::string& command) const {
    const std::string sources = source_file("");
    return std::system(
        fmt::format("cd {} && unshare {} --mount sh -c 'mount -t tmpfs none {} && test ! -e {}/README.md "
                    "&& PATH={}/bin:$PATH && {}' > out.txt 2> err.txt",
                    folder.path().string(), geteuid() == 0 ? "" : "--map-root-user", sources, sources, prefix.string(),
                    command)
            .c_str());
  }
};

bool can_hide_folders() {
  return std::system(geteuid() == 0 ? "unshare --mount mount -t tmpfs none /mnt 2> /dev/null"
                                    : "unshare --map-root-user --mount mount -t tmpfs none /mnt 2> /dev/null") == 0;
}

}  // namespace

TEST_CASE("an installed program runs a shipped scenario without its source folder, and the report opens") {
  if (!can_hide_folders()) {
    WARN("not tried: no mount namespace of its own");
    return;
  }
  const Installed installed;
  const int code = installed.run_alone(
      "msfusion run prefix/share/msfusion/scenarios/quickstart.xml --set data.set=synthetic "
      "--set data.train-samples=200 --set data.test-samples=60 --set \"model.channels=4 8\" --set training.rounds=2");
  INFO(text_of(installed.folder.file("err.txt")));
  REQUIRE(code == 0);
  const auto page = open_page(installed.folder.path() / "results/quickstart/report.html");
  if (page) {
    CHECK(page->dom.find("<svg") != std::string::npos);
    CHECK(page->errors.find("CONSOLE") == std::string::npos);
  }
  // The catalogue is the file that the program itself looks for.
  CHECK(installed.run_alone("msfusion platform --part \"5 old-phone on 4g\" -o fleet.xml") == 0);
}

TEST_CASE("nothing that is installed names the folder that it was built in") {
  const Installed installed;
  for (const auto& entry : fs::recursive_directory_iterator(installed.prefix)) {
    INFO(entry.path());
    CHECK(!entry.is_symlink());
    if (entry.is_regular_file()) CHECK(text_of(entry.path().string()).find(source_file("")) == std::string::npos);
  }
}

TEST_CASE("an installation has what the documentation promises, where Linux distributions expect it") {
  const Installed installed;
  for (const char* file : {"bin/msfusion", "lib/msfusion/libmsfusion_learn.so", "share/msfusion/scenarios/scenario.xsd",
                           "share/msfusion/scenarios/two-homes.graphml", "share/msfusion/platforms/catalogue.xml",
                           "share/doc/msfusion/README.md", "share/doc/msfusion/docs/architecture.md",
                           "share/doc/msfusion/scenarios/README.md", "share/doc/msfusion/page-notices.txt",
                           "share/man/man1/msfusion.1", "share/bash-completion/completions/msfusion",
                           "share/zsh/vendor-completions/_msfusion", "share/fish/vendor_completions.d/msfusion.fish"}) {
    INFO(file);
    CHECK(fs::file_size(installed.prefix / file) > 0);
  }
}
