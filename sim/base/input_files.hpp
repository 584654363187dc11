// Which files an experiment was read from, so that a resumed one can tell that none has changed.
#pragma once

#include <set>
#include <string>

namespace msfusion {

/// Collects the names of the input files that the readers open while it lives, in this process. One at a time.
class InputLog {
 public:
  InputLog();
  ~InputLog();
  InputLog(const InputLog&) = delete;
  InputLog& operator=(const InputLog&) = delete;

  /// Called by every reader with the file that it opens. Safe from any thread; does nothing when nothing is being
  /// collected.
  static void note(const std::string& file);

  std::set<std::string> files() const;
};

/// The SHA-256 of a file's bytes, in hexadecimal as sha256sum(1) prints it. Throws RunError where it cannot be read.
std::string sha256_of(const std::string& file);

}  // namespace msfusion
