#include "tests/platform/files.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace msfusion {

namespace {

/// A folder for the files of this process, removed with it.
struct TestFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("msfusion-timing-test-" + std::to_string(getpid()));
  TestFolder() { std::filesystem::create_directories(path); }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

}  // namespace

std::string write_file(const std::string& text) {
  static const TestFolder folder;
  static int count = 0;
  const std::string file = (folder.path / ("file-" + std::to_string(++count) + ".xml")).string();
  std::ofstream(file) << text;
  return file;
}

std::string write_platform(const std::string& zone_content, const std::string& routing) {
  return write_file(
      "<?xml version=\"1.0\"?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
      "<platform version=\"4.1\">\n<zone id=\"zone\" routing=\"" +
      routing + "\">\n" + zone_content + "</zone>\n</platform>\n");
}

/// A catalogue of one device, one link and what TCP makes of it.
std::string small_catalogue(const std::string& network) {
  return "<catalogue>\n<device kind=\"d\" speed=\"1Gf\" memory=\"1GiB\" memory-bandwidth=\"1GBps\" "
         "step-overhead=\"0s\"><source of=\"speed memory memory-bandwidth step-overhead\">s</source></device>\n"
         "<link kind=\"l\" down=\"1MBps\" up=\"2MBps\" latency=\"1ms\"><source of=\"down up "
         "latency\">s</source></link>\n" +
         network + "\n</catalogue>\n";
}
}  // namespace msfusion
