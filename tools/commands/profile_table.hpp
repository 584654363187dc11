// The table of `msfusion run --profile`: how much of the cores' time each activity took.
#pragma once

#include <chrono>
#include <string>

#include "sim/base/profile.hpp"

namespace msfusion {

class ProfileTable {
 public:
  ProfileTable() : clock_(own_) {}
  ProfileTable(const ProfileTable&) = delete;
  ProfileTable& operator=(const ProfileTable&) = delete;

  void charge(Activity activity) { clock_.charge(activity); }  ///< this thread's time since the last call
  void skip() { clock_.skip(); }
  void add(const CpuProfile& run) { runs_ += run; }
  void add(Activity activity, double seconds) { own_[activity] += seconds; }  ///< of another thread

  /// The whole is `cores` x the real time since the table was made; what nobody used is "waiting": for a disk, for the
  /// last training of a round, or because other programs had the cores.
  std::string text(int cores) const;

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  CpuProfile own_, runs_;
  ActivityClock clock_;
};

}  // namespace msfusion
