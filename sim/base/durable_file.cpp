#include "sim/base/durable_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, const std::string& what)
      : path_(path), what_(what), fd_(open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) fail("opened");
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void write_all(const std::string& bytes) const {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t count = ::write(fd_, bytes.data() + done, bytes.size() - done);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail("written");
      done += static_cast<std::size_t>(count);
    }
  }
  void sync() const {
    if (fsync(fd_) != 0) fail("synced");
  }

 private:
  [[noreturn]] void fail(const char* step) const {
    throw RunError(fmt::format("{}: {} could not be {} ({})", path_.string(), what_, step, std::strerror(errno)));
  }
  fs::path path_;
  std::string what_;
  int fd_;
};

}  // namespace

void write_durably(const fs::path& file, const fs::path& temporary, const std::string& bytes, const std::string& what) {
  std::error_code error;
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  fs::create_directory(folder, error);
  try {
    const Descriptor out(temporary, O_CREAT | O_TRUNC | O_WRONLY, what);
    out.write_all(bytes);
    out.sync();
  } catch (...) {
    fs::remove(temporary, error);
    throw;
  }
  fs::rename(temporary, file, error);
  if (error) {
    const std::string cause = error.message();
    fs::remove(temporary, error);
    throw RunError(fmt::format("{}: {} could not be renamed ({})", file.string(), what, cause));
  }
  Descriptor(folder, O_RDONLY | O_DIRECTORY, what).sync();
}

}  // namespace msfusion
