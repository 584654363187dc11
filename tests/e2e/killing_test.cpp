// Runs that are killed at any moment, and damaged checkpoints.
#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/e2e/folder_watch.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

constexpr int kKills = 20;

std::vector<std::string> every_method(const std::string& folder, bool resume) {
  std::vector<std::string> arguments = {
      "run", input("every-method.xml"), "--set", "training.rounds=5", "-j", "2", "--checkpoint-every", "1", "-o",
      folder};
  if (resume) arguments.push_back("--resume");
  return arguments;
}

// A folder that can be watched before the program is there.
std::vector<std::string> made(const std::string& folder) {
  fs::create_directories(folder + "/checkpoints");
  return {folder, folder + "/checkpoints"};
}

bool is_unfinished_checkpoint(const FolderWatch::Event& event) {
  return event.made && event.file.find("run-") == 0 && event.file.find(".unfinished") != std::string::npos;
}

std::size_t events_of_a_whole_run(const std::string& folder) {
  FolderWatch watch(made(folder));
  Program program(every_method(folder, false));
  std::size_t events = 0;
  while (!program.has_ended())
    while (watch.next(100)) ++events;
  const Ended ended = program.wait();
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
  return events;
}

// A run's checkpoints, the newest last.
std::vector<fs::path> checkpoints_of(const std::string& folder, int run) {
  std::vector<std::pair<int, fs::path>> found;
  const std::string prefix = "run-" + std::to_string(run) + ".round-";
  for (const auto& entry : fs::directory_iterator(folder + "/checkpoints")) {
    const std::string name = entry.path().filename().string();
    if (name.find(prefix) == 0) found.emplace_back(std::stoi(name.substr(prefix.size())), entry.path());
  }
  std::sort(found.begin(), found.end());
  std::vector<fs::path> files;
  for (const auto& [round, file] : found) files.push_back(file);
  return files;
}

// every-method.xml with some of its methods.
std::string only_methods(const std::vector<std::string>& names) {
  std::istringstream lines(text_of(input("every-method.xml")));
  std::string text, line;
  while (std::getline(lines, line)) {
    const bool wanted = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return line.find("name=\"" + name + "\"") != std::string::npos;
    });
    if (line.find("<method ") == std::string::npos || wanted) text += line + "\n";
  }
  return text;
}

// Kills the program when the folder has seen so many events, of all or only of the beginnings of checkpoints, and says
// by which event; nothing: it ended before.
std::optional<FolderWatch::Event> kill_after(Program& program, FolderWatch& watch, std::size_t events,
                                             bool in_checkpoint) {
  while (!program.has_ended()) {
    const auto event = watch.next(100);
    if (!event || (in_checkpoint && !is_unfinished_checkpoint(*event))) continue;
    if (--events > 0) continue;
    program.kill_all();
    program.wait();
    return event;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("runs of every method, killed twenty times at any moment, resume to the same results") {
  const TemporaryFolder folder;
  const std::size_t events = events_of_a_whole_run(folder.file("whole"));
  const auto whole = tables_of(folder.file("whole"));
  std::mt19937_64 random(7);
  int kills = 0, in_checkpoints = 0, in_store = 0, ends = 0;
  bool resume = false;
  std::string told;
  while (kills < kKills || resume) {
    const std::string name = folder.file("killed-" + std::to_string(ends));
    FolderWatch watch(made(name));
    Program program(every_method(name, resume));
    if (kills < kKills) {
      // Half of them where a checkpoint has just been begun.
      const bool in_checkpoint = random() % 2 == 0;
      const std::size_t after = 1 + random() % (in_checkpoint ? 8 : events / 10);
      if (const auto event = kill_after(program, watch, after, in_checkpoint)) {
        ++kills;
        in_checkpoints += is_unfinished_checkpoint(*event);
        in_store += event->file.find("run.sqlite") == 0;
        told += event->file + " ";
        resume = true;
        continue;
      }
    }
    const Ended ended = program.wait();
    INFO("killed at " << told << '\n' << ended.out << ended.err);
    REQUIRE(ended.code == 0);
    CHECK(tables_of(name) == whole);
    ++ends;
    resume = false;
  }
  CHECK(in_checkpoints >= 5);
  CHECK(in_store >= 3);
}

TEST_CASE("a damaged checkpoint is told, and the one before it goes on to the same results") {
  const TemporaryFolder folder;
  const std::string scenario = folder.write("s.xml", only_methods({"msfusion", "scaffold"}));
  fs::copy(input("platform.xml"), folder.file("platform.xml"));
  const auto arguments = [&](const std::string& name, bool resume) {
    std::vector<std::string> words = {"run", scenario, "--set",          "training.rounds=30", "--checkpoint-every",
                                      "2",   "-o",     folder.file(name)};
    if (resume) words.push_back("--resume");
    return words;
  };
  REQUIRE(msfusion_program(arguments("whole", false)).code == 0);
  const auto whole = tables_of(folder.file("whole"));

  // Both runs are past their second checkpoint when the newest of both is damaged.
  const std::string name = folder.file("broken");
  {
    FolderWatch watch(made(name));
    Program program(arguments("broken", false));
    while (checkpoints_of(name, 0).size() < 2 || checkpoints_of(name, 1).size() < 2) {
      REQUIRE_FALSE(program.has_ended());
      watch.next(100);
    }
    program.kill_all();
    program.wait();
  }
  const fs::path flipped = checkpoints_of(name, 0).back(), cut = checkpoints_of(name, 1).back();
  std::string bytes = text_of(flipped.string());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 4);
  std::ofstream(flipped, std::ios::binary) << bytes;
  fs::resize_file(cut, fs::file_size(cut) - 1);

  const Ended resumed = msfusion_program(arguments("broken", true));
  INFO(resumed.out << resumed.err);
  REQUIRE(resumed.code == 0);
  CHECK_THAT(resumed.err, ContainsSubstring("warning: " + flipped.string() + " has a wrong checksum"));
  CHECK_THAT(resumed.err, ContainsSubstring("warning: " + cut.string() + " promises"));
  CHECK_THAT(resumed.err, ContainsSubstring("the checkpoint before it is used"));
  CHECK(tables_of(name) == whole);
}

TEST_CASE("results whose setting aside was broken off are set aside together") {
  const TemporaryFolder folder;
  const std::vector<std::string> words = {"run", folder.write("s.xml", only_methods({"fedavg"})), "-o",
                                          folder.file("r")};
  fs::copy(input("platform.xml"), folder.file("platform.xml"));
  REQUIRE(msfusion_program(words).code == 0);
  // As if killed after the first files had moved.
  fs::create_directory(folder.file("r/earlier-1"));
  fs::rename(folder.file("r/report.html"), folder.file("r/earlier-1/report.html"));
  REQUIRE(msfusion_program(words).code == 0);
  for (const char* file : {"report.html", "summary.json", "run.sqlite"}) {
    CHECK(fs::exists(folder.file("r/" + std::string(file))));
    CHECK(fs::exists(folder.file("r/earlier-1/" + std::string(file))));
  }
  CHECK_FALSE(fs::exists(folder.file("r/earlier-2")));
}
