// Real time, part by part.
#pragma once

#include <chrono>

namespace msfusion {

class Stopwatch {
 public:
  /// Real seconds since the last call, or since the start.
  double lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> passed = now - last_;
    last_ = now;
    return passed.count();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace msfusion
