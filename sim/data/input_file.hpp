// A file read front to back, gzip-compressed or not, that says at which byte it found what it did not expect.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace msfusion {

class InputFile {
 public:
  /// Throws UserError: missing, unreadable, or not a regular file.
  explicit InputFile(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// The next bytes, all of them. Throws UserError where the file ends first ("... ends at byte 812; 16 more bytes of
  /// `what`") or its compressed stream is damaged.
  void read(std::uint8_t* out, std::size_t count, const std::string& what);
  /// The same into memory that grows with what is really there: a header that lies costs no memory.
  std::vector<std::uint8_t> read_bytes(std::uint64_t count, const std::string& what);
  std::uint32_t read_big_endian(const std::string& what);

  /// Up to `count` next bytes; fewer only at the end of the file.
  std::size_t read_some(std::uint8_t* out, std::size_t count);

  /// Throws UserError unless everything was read; for gzip this also checks the stream's checksum.
  void expect_end();

  /// Throws UserError if the rest of the file cannot hold that many more bytes, however well it was compressed: so that
  /// a header's promise is judged before memory is taken for it.
  void expect_possible(std::uint64_t bytes, const std::string& what) const;

  const std::string& path() const { return path_; }
  std::uint64_t offset() const { return offset_; }  ///< of the next byte, in uncompressed bytes

  /// Throws the UserError "path: byte OFFSET: found; allowed".
  [[noreturn]] void fail(std::uint64_t offset, const std::string& found, const std::string& allowed) const;

 private:
  struct Stream;
  std::string path_;
  std::unique_ptr<Stream> stream_;
  std::uint64_t offset_ = 0;
  std::uint64_t bytes_on_disk_ = 0;
};

}  // namespace msfusion
