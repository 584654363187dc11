// What the libraries of this room throw, as errors of a run that say their cause in one line.
#pragma once

namespace msfusion {

/// Call it where an exception was caught: throws RunError in place of LibTorch's and oneDNN's own errors, which begin
/// with "out of memory" where memory was refused; any other exception goes on as it is.
[[noreturn]] void rethrow_plainly();

}  // namespace msfusion
