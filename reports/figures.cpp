#include "reports/figures.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>
#include <system_error>

#include "reports/export.hpp"
#include "reports/page_assets.hpp"
#include "reports/page_data.hpp"
#include "reports/results.hpp"
#include "sim/base/error.hpp"
#include "sim/base/processes.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

/// A folder for the script and its input, gone afterwards.
struct ScratchFolder {
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "msfusion-figures-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw RunError(fmt::format("{}: {}", pattern, std::strerror(errno)));
    path = pattern;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  fs::path path;
};

/// Runs `node ARGUMENTS`, no shell in between, and returns what it prints.
std::string run_node(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "node");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw RunError(fmt::format("cannot start node: {}", std::strerror(errno)));
  pid_t child = 0;
  try {
    child = start_process([&] {
      dup2(ends[1], STDOUT_FILENO);
      replace_by(arguments);
      return 127;
    });
  } catch (const std::system_error& error) {
    close(ends[0]);
    close(ends[1]);
    throw RunError(fmt::format("cannot start node: {}", error.code().message()));
  }
  close(ends[1]);
  std::string output;
  char part[4096];
  for (ssize_t count = 0; (count = read(ends[0], part, sizeof part)) > 0 || (count < 0 && errno == EINTR);)
    if (count > 0) output.append(part, static_cast<std::size_t>(count));
  close(ends[0]);
  const ProcessEnd end = wait_for(child);
  if (end.signal == 0 && end.code == 127)
    throw RunError("figures are drawn by node, which was not found; install Node.js 18 or newer (apt install nodejs)");
  if (!end.succeeded()) throw RunError("node could not draw the figures; its message is above");
  return output;
}

}  // namespace

Figures figures(const std::vector<std::string>& run_folders, const std::string& out_dir) {
  const auto results = open_results(run_folders);
  const auto data = page_data(results, differing_settings(results));
  std::error_code problem;
  fs::create_directories(out_dir, problem);
  if (problem) throw RunError(fmt::format("{}: cannot be made: {}", out_dir, problem.message()));
  const ScratchFolder scratch;
  const auto script = (scratch.path / "figures.mjs").string(), input = (scratch.path / "data.json").string();
  write_file(script, page_assets::joined(page_assets::figures));
  write_file(input, data.json);
  const auto outcome = nlohmann::json::parse(run_node({script, input, out_dir}));
  return {outcome.at("files"), outcome.at("failures")};
}

}  // namespace msfusion
