#include "sim/record/store_error.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "sim/base/units.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

// Whether a file that SQLite writes has reached the size that the system allows, or nearly: SQLite writes in pages, and
// begins with a few of them.
bool reached_size_limit(const std::string& file, rlim_t limit) {
  constexpr std::uintmax_t kNear = 64 << 10;
  if (limit <= kNear) return true;
  for (const char* part : {"", "-wal", "-journal"}) {
    std::error_code missing;
    const std::uintmax_t size = std::filesystem::file_size(file + part, missing);
    if (!missing && size + kNear >= limit) return true;
  }
  return false;
}

std::string io_error(const std::string& file, const SQLite::Exception& error) {
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      reached_size_limit(file, limit.rlim_cur))
    return fmt::format("files may not become larger than {} here (ulimit -f); raise that, then try again",
                       human(static_cast<double>(limit.rlim_cur), Quantity::bytes));
  return fmt::format("the file system reports an error ({}); check the disk", error.what());
}

std::string cause(const std::string& file, const SQLite::Exception& error) {
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return "the disk is full; free some space, then resume";
    case SQLITE_READONLY:
      return error.getExtendedErrorCode() == SQLITE_READONLY_DBMOVED
                 ? "the file was moved or removed while it was in use; put it back, then resume"
                 : "the file or its folder is read-only; choose another folder or change its permissions";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds a lock on it; end that process, then resume";
    case SQLITE_CANTOPEN:
      return "it cannot be opened; does the folder exist, and may it be written?";
    case SQLITE_IOERR:
      return io_error(file, error);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fmt::format("the file is damaged ({})", error.what());
    case SQLITE_CONSTRAINT:
      return fmt::format("a figure is missing or the row is already there ({})", error.what());
    default:
      return error.what();
  }
}

/// Reads a store's first bytes through SQLite's own file layer: closing a file that was opened past it would silently
/// drop the locks that SQLite holds on the same file in this process (https://www.sqlite.org/howtocorrupt.html, 2.2).
class StoreBytes {
 public:
  explicit StoreBytes(const std::string& file)
      // SQLite looks for parameters behind the name's end.
      : name_(std::filesystem::absolute(file).string() + std::string(4, '\0')), vfs_(sqlite3_vfs_find(nullptr)) {
    memory_.resize(static_cast<std::size_t>(vfs_->szOsFile));
    is_open_ =
        vfs_->xOpen(vfs_, name_.c_str(), handle(), SQLITE_OPEN_READONLY | SQLITE_OPEN_MAIN_DB, nullptr) == SQLITE_OK;
  }
  ~StoreBytes() {
    if (handle()->pMethods) handle()->pMethods->xClose(handle());
  }
  StoreBytes(const StoreBytes&) = delete;
  StoreBytes& operator=(const StoreBytes&) = delete;

  bool is_open() const { return is_open_; }
  bool read(std::array<char, 100>& header) const {
    return handle()->pMethods->xRead(handle(), header.data(), static_cast<int>(header.size()), 0) == SQLITE_OK;
  }

 private:
  sqlite3_file* handle() const { return reinterpret_cast<sqlite3_file*>(memory_.data()); }

  std::string name_;
  sqlite3_vfs* vfs_;
  mutable std::vector<char> memory_;  // SQLite's own object lies in it
  bool is_open_ = false;
};

std::uint32_t big_endian(const std::array<char, 100>& header, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(header[at + i]);
  return value;
}

}  // namespace

std::string store_problem(const std::string& file, const std::string& doing, const SQLite::Exception& error) {
  return fmt::format("{}: cannot {}: {}", file, doing, cause(file, error));
}

std::string sqlite_name(const std::string& file) {
  return std::filesystem::absolute(file).string();
}

std::string header_problem(const std::string& file) {
  std::error_code no_error;
  if (!std::filesystem::exists(file, no_error)) return no_error ? no_error.message() : "no such file";
  if (!std::filesystem::is_regular_file(file, no_error)) return "not a file";
  const StoreBytes in(file);
  if (!in.is_open()) return "the file cannot be read";
  std::array<char, 100> header{};  // https://www.sqlite.org/fileformat.html, "The Database Header"
  if (!in.read(header)) return "the file is truncated: it has no whole header";
  if (std::string_view(header.data(), 16) != std::string_view("SQLite format 3\0", 16)) return "not an SQLite file";
  if (big_endian(header, 68) != kStoreApplication) return "an SQLite file, but not a result store";
  const auto version = big_endian(header, 60);
  if (version < kOldestStoreVersion || version > kStoreVersion)
    return fmt::format("a result store of version {}; this program reads the versions {} to {}", version,
                       kOldestStoreVersion, kStoreVersion);

  // Pages that are still in the write-ahead log need not be in the file yet.
  const std::string log = file + "-wal";
  if (!std::filesystem::exists(log, no_error) || std::filesystem::file_size(log, no_error) == 0) {
    const auto page = static_cast<std::uintmax_t>(static_cast<unsigned char>(header[16]) << 8 |
                                                  static_cast<unsigned char>(header[17]));
    const auto promised = (page == 1 ? 65536 : page) * big_endian(header, 28);
    const auto found = std::filesystem::file_size(file, no_error);
    if (found < promised) return fmt::format("the file is truncated: {} of {} bytes", found, promised);
  }
  return "";
}

}  // namespace msfusion
