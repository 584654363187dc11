// The libraries and instruction sets that the last bits of results depend on, in words.
#pragma once

#include <string>

namespace msfusion {

/// "LibTorch 1.13.1, oneDNN 2.6.3, AVX512, OpenBLAS 0.3.21 ...".
std::string learner_description();

}  // namespace msfusion
