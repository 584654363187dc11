#include "tools/commands/results_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <string_view>
#include <thread>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/natural_order.hpp"
#include "sim/record/store.hpp"
#include "tools/commands/output.hpp"

namespace msfusion {

namespace fs = std::filesystem;

namespace {
constexpr int kLockTries = 40;
constexpr std::size_t kLongestStorePath = 480;  // of the 512 that SQLite has, with the names of its logs

bool is_numbered(const std::string& name, const std::string& before, const std::string& after) {
  const std::size_t around = before.size() + after.size();
  return name.size() > around && name.compare(0, before.size(), before) == 0 &&
         name.compare(name.size() - after.size(), after.size(), after) == 0 &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(before.size()),
                     name.end() - static_cast<std::ptrdiff_t>(after.size()),
                     [](char c) { return c >= '0' && c <= '9'; });
}

// In a subfolder of the program's every file belongs to a run.
bool is_file_of_a_run(const std::string& name) {
  return name.rfind("run-", 0) == 0;
}

bool is_subfolder(const std::string& name) {
  return name == "checkpoints" || name == "participation" || name == "models";
}

// Empty where a program was killed while it made the store.
bool is_store(const fs::path& file) {
  constexpr std::string_view kMagic = "SQLite format 3";
  std::string begin(kMagic.size(), '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  return in.gcount() == 0 || begin == kMagic;
}

// What this program writes into a results folder, but for the pages that it may share with others.
bool is_ours(const std::string& name) {
  return name == "lock" || is_subfolder(name) || name.rfind("run.sqlite", 0) == 0 ||
         is_numbered(name, "earlier-", "") || is_numbered(name, "plan-", ".jsonl");
}

bool is_page(const std::string& name) {
  return name == "report.html" || name == "summary.json";
}

// A killed program leaves a log beside its store, whose rounds belong into it: the two must never be parted.
void tidy(const fs::path& store) {
  try {
    StoreReader(store.string()).meta();
  } catch (const UserError&) {
    // No store that could be read; what there is moves together.
  }
}
}  // namespace

ResultsFolder::ResultsFolder(fs::path path, bool resume, bool quiet) : path_(std::move(path)) {
  make();
  if (!resume) refuse_other_things();
  lock();
  if (!resume) set_aside_earlier(quiet);
}

ResultsFolder::~ResultsFolder() {
  if (lock_ >= 0) close(lock_);
}

// What the surroundings do not allow is no mistake of the scenario.
void ResultsFolder::fail(const std::string& found) const {
  throw RunError(fmt::format("{}: {}; choose a folder that can be written with -o DIR", path_.string(), found));
}

void ResultsFolder::make() {
  std::error_code error;
  if (const std::size_t length = fs::absolute(path_ / "run.sqlite").string().size(); length > kLongestStorePath)
    throw UserError(Mistake{path_.string(), 0, fmt::format("the path of the store would have {} characters", length),
                            fmt::format("at most {}: a shorter one with -o DIR", kLongestStorePath)});
  made_ = fs::create_directories(path_, error);
  if (!error && fs::is_directory(path_)) return;
  if (!error || error == std::errc::not_a_directory || error == std::errc::file_exists)
    throw UserError(Mistake{path_.string(), 0, "the output folder cannot be made (a file is in the way)",
                            "a folder that can be written: -o DIR"});
  fail(fmt::format("the output folder cannot be made ({})", error.message()));
}

// Results among a user's own files could overwrite them, and setting results aside would move those files, too.
void ResultsFolder::refuse_other_things() const {
  constexpr std::size_t kNamed = 3;
  const bool has_store = fs::exists(path_ / "run.sqlite");
  std::vector<std::string> others;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (!is_ours(name) && !(has_store && is_page(name))) others.push_back(name);
    if (name == "run.sqlite" && !is_store(entry.path())) others.push_back(name);
    if (!is_subfolder(name) || !entry.is_directory()) continue;
    for (const auto& file : fs::directory_iterator(entry.path()))
      if (const std::string inside = file.path().filename().string(); !is_file_of_a_run(inside))
        others.push_back(name + "/" + inside);
  }
  if (others.empty()) return;
  std::sort(others.begin(), others.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, others.size()); ++i) text += (i > 0 ? ", " : "") + others[i];
  if (others.size() > kNamed) text += fmt::format(" and {} more", others.size() - kNamed);
  throw UserError(Mistake{path_.string(), 0, "the output folder holds other things than results: " + text,
                          "a folder of its own for the results: -o DIR"});
}

void ResultsFolder::discard() const {
  std::vector<fs::path> written;
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (name != "lock" && !is_numbered(name, "earlier-", "") && (is_ours(name) || is_page(name)))
      written.push_back(entry.path());
  }
  for (const fs::path& file : written) fs::remove_all(file);
  if (!aside_.empty()) {
    std::vector<fs::path> earlier;
    for (const auto& entry : fs::directory_iterator(aside_)) earlier.push_back(entry.path());
    for (const fs::path& file : earlier) fs::rename(file, path_ / file.filename());
    fs::remove(aside_);
  }
  if (made_) fs::remove_all(path_);
}

void ResultsFolder::lock() {
  lock_ = open(file("lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (lock_ < 0) fail(fmt::format("the output folder cannot be written ({})", std::strerror(errno)));
  // The runs of a killed program end a moment after it.
  for (int tries = 0; flock(lock_, LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (tries < kLockTries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    throw RunError(
        fmt::format("{}: another msfusion is writing its results there; wait for it, or choose another folder with -o",
                    path_.string()));
  }
}

// A program killed in between continues with the same subfolder: a store is whole only once its last file is there.
void ResultsFolder::set_aside_earlier(bool quiet) {
  const fs::path store = path_ / "run.sqlite";
  if (!fs::exists(store)) return;
  tidy(store);
  int number = 1;
  while (fs::exists(path_ / fmt::format("earlier-{}", number) / store.filename())) ++number;
  aside_ = path_ / fmt::format("earlier-{}", number);
  fs::create_directory(aside_);
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (name != "lock" && name != store.filename() && !is_numbered(name, "earlier-", ""))
      fs::rename(entry.path(), aside_ / name);
  }
  fs::rename(store, aside_ / store.filename());
  if (!quiet) say(fmt::format("earlier results are now in {}\n", aside_.string()));
}

std::vector<std::string> with_combinations(const std::vector<std::string>& folders) {
  std::vector<std::string> all;
  for (const std::string& folder : folders) {
    std::vector<std::string> combinations;
    if (!fs::exists(fs::path(folder) / "run.sqlite") && fs::is_directory(folder))
      for (const auto& entry : fs::directory_iterator(folder))
        if (fs::exists(entry.path() / "run.sqlite")) combinations.push_back(entry.path().string());
    std::sort(combinations.begin(), combinations.end(), natural_less);
    if (combinations.empty()) combinations.push_back(folder);
    all.insert(all.end(), combinations.begin(), combinations.end());
  }
  return all;
}

}  // namespace msfusion
