// A program that answers lines with lines.
#pragma once

#include <sys/types.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace msfusion {

class Child {
 public:
  /// Starts `command`, after `before` in the new process. `name` is for messages. Throws RunError.
  Child(std::string name, const std::vector<std::string>& command, const std::function<void()>& before);
  ~Child();  ///< ends it if it is still there
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void tell(const std::string& line);
  std::string answer();  ///< waits for a line; throws RunError when none comes any more

  /// Closes its input and waits for its end. Throws RunError if it failed.
  void finish();

 private:
  std::string name_;
  pid_t id_ = 0;
  FILE* to_ = nullptr;
  FILE* from_ = nullptr;
};

/// A program of the folder that this one is in.
std::string program_beside(const std::string& name);

}  // namespace msfusion
