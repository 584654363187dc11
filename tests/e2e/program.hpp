// Runs the program as a user would, in a temporary folder.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace msfusion {

struct Ended {
  int code = -1;  ///< exit code, or 128 + signal
  std::string out, err;
  double cpu_seconds = 0;       ///< of it and its runs
  std::int64_t peak_bytes = 0;  ///< of memory, of the largest of these processes
};

/// A folder that is removed when the test ends.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  std::filesystem::path path() const { return path_; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  /// Writes a text file into it and returns its path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

/// A started program that can be signalled.
class Program {
 public:
  /// `before_start` is called in the new process before the program takes it over: to take something away from it.
  explicit Program(const std::vector<std::string>& arguments, const std::function<void()>& before_start = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t id() const { return pid_; }
  std::vector<pid_t> children() const;  ///< the processes of its runs
  void signal(int number) const;
  void kill_all() const;  ///< it and its runs, as a power cut would
  bool has_ended();
  Ended wait();  ///< for its end

 private:
  pid_t pid_;
  void ended(int status, const rusage& usage);

  std::optional<int> status_;
  double cpu_seconds_ = 0;
  std::int64_t peak_bytes_ = 0;
  TemporaryFolder folder_;
};

Ended msfusion_program(const std::vector<std::string>& arguments, const std::function<void()>& before_start = {});

std::string input(const std::string& name);  ///< tests/e2e/inputs/name
std::string text_of(const std::string& file);

/// Adds to the options of AddressSanitizer, in the environment of the programs started next; without it nothing reads
/// them.
void add_sanitizer_option(const std::string& option);

/// Rounds of all runs that are in a results folder so far.
std::size_t rounds_in(const std::string& folder);

/// The result tables of a results folder, by name: equal for equal results.
std::map<std::string, std::string> tables_of(const std::string& folder);

}  // namespace msfusion
