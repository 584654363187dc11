#include "tools/results_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "sim/base/error.hpp"

namespace msfusion {

namespace fs = std::filesystem;

namespace {
constexpr int kLockTries = 40;
}  // namespace

ResultsFolder::ResultsFolder(fs::path path, bool resume, bool quiet) : path_(std::move(path)) {
  make();
  lock();
  if (!resume) set_aside_earlier(quiet);
}

ResultsFolder::~ResultsFolder() {
  if (lock_ >= 0) close(lock_);
}

void ResultsFolder::make() {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error || !fs::is_directory(path_))
    throw UserError(
        Mistake{path_.string(), 0,
                fmt::format("the output folder cannot be made ({})", error ? error.message() : "a file is in the way"),
                "a folder that can be written: -o DIR"});
}

void ResultsFolder::lock() {
  lock_ = open(file("lock").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
  if (lock_ < 0)
    throw UserError(Mistake{path_.string(), 0,
                            fmt::format("the output folder cannot be written ({})", std::strerror(errno)),
                            "a folder that can be written: -o DIR"});
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

void ResultsFolder::set_aside_earlier(bool quiet) {
  if (!fs::exists(path_ / "run.sqlite")) return;
  int number = 1;
  while (fs::exists(path_ / fmt::format("earlier-{}", number))) ++number;
  const fs::path aside = path_ / fmt::format("earlier-{}", number);
  fs::create_directory(aside);
  for (const auto& entry : fs::directory_iterator(path_)) {
    const std::string name = entry.path().filename().string();
    if (name != "lock" && name.rfind("earlier-", 0) != 0) fs::rename(entry.path(), aside / name);
  }
  if (!quiet) fmt::print("earlier results are now in {}\n", aside.string());
}

}  // namespace msfusion
