// Runs the program as a user would, in a temporary folder.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace msfusion {

struct Ended {
  int code = -1;  ///< exit code, or 128 + signal
  std::string out, err;
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
  explicit Program(const std::vector<std::string>& arguments);
  void signal(int number) const;
  Ended wait();  ///< for its end

 private:
  pid_t pid_;
  TemporaryFolder folder_;
};

Ended msfusion_program(const std::vector<std::string>& arguments);

std::string input(const std::string& name);  ///< tests/e2e/inputs/name
std::string text_of(const std::string& file);

/// The result tables of a results folder, by name: equal for equal results.
std::map<std::string, std::string> tables_of(const std::string& folder);

}  // namespace msfusion
