// Turns LibTorch's and oneDNN's exceptions into errors of a run with a one-line cause.
#pragma once

namespace msfusion {

/// Call it in a catch block: throws RunError in place of LibTorch's and oneDNN's own errors, beginning with "out of
/// memory" where memory was refused; rethrows any other exception unchanged.
[[noreturn]] void rethrow_as_run_error();

}  // namespace msfusion
