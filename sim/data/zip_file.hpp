// A zip archive, mapped into memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/data/shared_bytes.hpp"

namespace msfusion {

/// Reads stored and deflated members of an archive on one disk, zip64 too. What the archive declares is checked against
/// its size before memory is taken for it. Throws UserError (file, byte offset, cause).
///
/// libzip copies stored members out of the archive, and does not say at which byte one is damaged.
class ZipFile {
 public:
  explicit ZipFile(const std::string& file);

  std::vector<std::string> names() const;
  bool has(const std::string& name) const;
  /// Of a stored member a part of the mapped file. Checks the checksum.
  SharedBytes read(const std::string& name) const;

 private:
  struct Member {
    std::string name;
    std::uint64_t offset = 0, packed_bytes = 0, bytes = 0;
    std::uint32_t checksum = 0;
    int method = 0;
  };
  std::uint64_t number(std::uint64_t offset, int bytes) const;
  std::pair<std::uint64_t, std::uint64_t> find_directory() const;  ///< its offset, and how many members
  void read_directory();
  void read_zip64(Member& member, std::uint64_t extra, std::uint64_t bytes) const;
  std::vector<std::uint8_t> inflated(const Member& member, std::uint64_t begin) const;
  [[noreturn]] void fail(std::uint64_t offset, const std::string& found) const;

  std::string file_;
  SharedBytes bytes_;
  std::vector<Member> members_;
};

}  // namespace msfusion
