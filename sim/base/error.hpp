// The errors that a user can cause, with everything needed to correct them.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

namespace msfusion {

/// One mistake in a user's input. `line` is 0 where the input has no lines.
struct Mistake {
  std::string file;     ///< as the user wrote it
  int line = 0;         ///< 1-based
  std::string found;    ///< what is there
  std::string allowed;  ///< what may be there, or what to do next
};

/// "file:line: found; allowed", without the parts that are empty.
std::string to_string(const Mistake& mistake);

/// A wrong input (exit code 2): carries every mistake that was found, never only the first.
class UserError : public std::runtime_error {
 public:
  explicit UserError(std::vector<Mistake> mistakes);
  explicit UserError(Mistake mistake) : UserError(std::vector<Mistake>{std::move(mistake)}) {}
  const std::vector<Mistake>& mistakes() const { return mistakes_; }

 private:
  std::vector<Mistake> mistakes_;
};

/// A run that could not go on (exit code 1): a full disk, a diverged loss, a lost store.
class RunError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace msfusion
