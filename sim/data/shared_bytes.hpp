// Bytes that are in memory or in a file that is mapped into it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace msfusion {

/// Copies share what they hold. Of a mapped file only what is read takes memory, which the system takes back when it
/// needs it; the file must stay as it is until nobody holds it any more.
class SharedBytes {
 public:
  SharedBytes() = default;
  explicit SharedBytes(std::vector<std::uint8_t> bytes);

  /// Maps a file. Throws UserError: missing, unreadable, or not a regular file.
  static SharedBytes of_file(const std::string& file);

  const std::uint8_t* data() const { return begin_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::uint8_t operator[](std::size_t i) const { return begin_[i]; }

  /// `count` bytes from `offset` on, which must be there.
  SharedBytes part(std::size_t offset, std::size_t count) const;

 private:
  std::shared_ptr<const void> holder_;
  const std::uint8_t* begin_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace msfusion
