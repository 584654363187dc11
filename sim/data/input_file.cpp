#include "sim/data/input_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "sim/base/error.hpp"
#include "sim/base/input_files.hpp"

namespace msfusion {

struct InputFile::Stream {
  gzFile file = nullptr;
  ~Stream() {
    if (file) gzclose(file);
  }
};

InputFile::InputFile(const std::string& path) : path_(path), stream_(std::make_unique<Stream>()) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto status = fs::status(path, error);
  // A pipe or a device could block or never end.
  if (!fs::exists(status)) throw UserError({path, 0, "there is no such file", "a readable file"});
  if (!fs::is_regular_file(status)) throw UserError({path, 0, "not a regular file", "a readable file"});
  bytes_on_disk_ = fs::file_size(path, error);
  stream_->file = gzopen(path.c_str(), "rb");
  if (error || !stream_->file) throw UserError({path, 0, "the file cannot be read", "a readable file"});
  InputLog::note(path);
  gzbuffer(stream_->file, 1u << 17);
}

InputFile::~InputFile() = default;

std::size_t InputFile::read_some(std::uint8_t* out, std::size_t count) {
  std::size_t done = 0;
  while (done < count) {
    const auto part = static_cast<unsigned>(std::min<std::size_t>(count - done, 1u << 30));
    const int got = gzread(stream_->file, out + done, part);
    int code = Z_OK;
    const char* message = gzerror(stream_->file, &code);
    if (got > 0) {
      done += static_cast<std::size_t>(got);
      offset_ += static_cast<std::uint64_t>(got);
    }
    if (code == Z_BUF_ERROR) fail(offset_, "the gzip stream ends before its end mark", "the complete file");
    if (got < 0 || code != Z_OK) {
      fail(offset_, fmt::format("the gzip stream is damaged ({})", message ? message : "?"), "the undamaged file");
    }
    if (got == 0) break;
  }
  return done;
}

void InputFile::read(std::uint8_t* out, std::size_t count, const std::string& what) {
  const std::size_t got = read_some(out, count);
  if (got < count) fail(offset_, "the file ends here", fmt::format("{} more bytes of {}", count - got, what));
}

std::vector<std::uint8_t> InputFile::read_bytes(std::uint64_t count, const std::string& what) {
  expect_possible(count, what);
  constexpr std::uint64_t kStep = 16u << 20;
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < count) {
    const std::size_t done = bytes.size();
    bytes.resize(done + std::min<std::uint64_t>(count - done, std::max<std::uint64_t>(kStep, done / 2)));
    read(bytes.data() + done, bytes.size() - done, what);
  }
  bytes.shrink_to_fit();
  return bytes;
}

std::uint32_t InputFile::read_big_endian(const std::string& what) {
  std::array<std::uint8_t, 4> b{};
  read(b.data(), b.size(), what);
  return (std::uint32_t{b[0]} << 24) | (std::uint32_t{b[1]} << 16) | (std::uint32_t{b[2]} << 8) | b[3];
}

void InputFile::expect_end() {
  std::uint8_t extra = 0;
  const std::uint64_t end = offset_;
  if (read_some(&extra, 1) != 0) fail(end, "more bytes than the header promises", "the end of the file");
}

void InputFile::expect_possible(std::uint64_t bytes, const std::string& what) const {
  // Deflate reaches at most 1032 : 1.
  const std::uint64_t most = gzdirect(stream_->file) ? bytes_on_disk_ : bytes_on_disk_ * 1032;
  const std::uint64_t rest = most > offset_ ? most - offset_ : 0;
  if (bytes > rest) {
    fail(offset_, fmt::format("the header promises {} bytes of {}, the file has at most {}", bytes, what, rest),
         "a complete file, or a header that tells the truth");
  }
}

void InputFile::fail(std::uint64_t offset, const std::string& found, const std::string& allowed) const {
  throw UserError({path_, 0, fmt::format("byte {}: {}", offset, found), allowed});
}

}  // namespace msfusion
