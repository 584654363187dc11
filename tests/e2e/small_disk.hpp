// A disk of few bytes that one program sees, to be filled or made read-only.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace msfusion {

/// A file system in memory, mounted over a folder in a mount namespace of its own. Where the system allows no such
/// thing, `refused` says why.
class SmallDisk {
 public:
  SmallDisk(const std::string& folder, std::int64_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  const std::string& refused() const { return refused_; }
  void enter() const;                                       ///< in the process that shall see it
  std::string from_outside(const std::string& file) const;  ///< the path under which the test sees the same file
  bool make_read_only() const;

 private:
  void keep(int ready, std::int64_t bytes) const;  // the life of the process that holds the namespace

  std::string folder_;
  std::string refused_;
  pid_t holder_ = -1;
};

}  // namespace msfusion
