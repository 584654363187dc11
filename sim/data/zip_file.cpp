#include "sim/data/zip_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "sim/base/error.hpp"
#include "sim/data/number_file.hpp"

namespace msfusion {

namespace {

constexpr std::uint32_t kEnd = 0x06054b50, kMember = 0x02014b50, kLocal = 0x04034b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::uint64_t kEndBytes = 22, kMemberBytes = 46, kLocalBytes = 30, kLocatorBytes = 20, kEnd64Bytes = 56;
constexpr std::uint64_t kIn64 = 0xffffffff;  // the value stands in the zip64 part
constexpr std::uint64_t kMostMembers = 10'000;
constexpr std::uint64_t kMostInflated = 1032;  // what deflate makes of a byte at most
constexpr int kStored = 0, kDeflated = 8;

}  // namespace

ZipFile::ZipFile(const std::string& file) : file_(file), bytes_(SharedBytes::of_file(file)) {
  read_directory();
}

void ZipFile::fail(std::uint64_t offset, const std::string& found) const {
  throw UserError(Mistake{file_, 0, fmt::format("byte {}: {}", offset, found), "an archive that numpy.savez wrote"});
}

std::uint64_t ZipFile::number(std::uint64_t offset, int bytes) const {
  if (offset > bytes_.size() || bytes_.size() - offset < static_cast<std::uint64_t>(bytes))
    fail(bytes_.size(), "the archive ends here");
  std::uint64_t value = 0;
  for (int i = 0; i < bytes; ++i) value |= std::uint64_t{bytes_[offset + static_cast<std::uint64_t>(i)]} << (8 * i);
  return value;
}

std::pair<std::uint64_t, std::uint64_t> ZipFile::find_directory() const {
  constexpr std::uint64_t kLongestComment = 65535;
  if (bytes_.size() < kEndBytes) fail(bytes_.size(), "the archive ends before its directory");
  const std::uint64_t last = bytes_.size() - kEndBytes;
  std::uint64_t end = last;
  while (number(end, 4) != kEnd) {
    if (end == 0 || last - end == kLongestComment) fail(0, "no directory of an archive");
    --end;
  }
  const std::uint64_t count = number(end + 10, 2), offset = number(end + 16, 4);
  if (offset != kIn64 && count != 0xffff) return {offset, count};
  if (end < kLocatorBytes || number(end - kLocatorBytes, 4) != kLocator64) fail(end, "its zip64 directory is missing");
  const std::uint64_t end64 = number(end - kLocatorBytes + 8, 8);
  if (end64 > bytes_.size() || bytes_.size() - end64 < kEnd64Bytes || number(end64, 4) != kEnd64)
    fail(end, "its zip64 directory is missing");
  return {number(end64 + 48, 8), number(end64 + 32, 8)};
}

void ZipFile::read_directory() {
  auto [at, count] = find_directory();
  if (count > kMostMembers) fail(at, fmt::format("{} files in the archive", count));
  for (std::uint64_t i = 0; i < count; ++i) {
    if (number(at, 4) != kMember) fail(at, "no entry of the directory");
    Member member;
    if ((number(at + 8, 2) & 1) != 0) fail(at, "an encrypted file");
    member.method = static_cast<int>(number(at + 10, 2));
    member.checksum = static_cast<std::uint32_t>(number(at + 16, 4));
    member.packed_bytes = number(at + 20, 4);
    member.bytes = number(at + 24, 4);
    const std::uint64_t name = number(at + 28, 2), extra = number(at + 30, 2), comment = number(at + 32, 2);
    member.offset = number(at + 42, 4);
    if (bytes_.size() - at < kMemberBytes + name + extra + comment) fail(at, "the directory ends here");
    const std::uint8_t* first = bytes_.data() + at + kMemberBytes;
    member.name.assign(first, first + name);
    read_zip64(member, at + kMemberBytes + name, extra);
    members_.push_back(std::move(member));
    at += kMemberBytes + name + extra + comment;
  }
}

// The sizes that do not fit into 32 bits, in this order.
void ZipFile::read_zip64(Member& member, std::uint64_t extra, std::uint64_t bytes) const {
  const std::uint64_t end = extra + bytes;
  while (extra + 4 <= end) {
    const std::uint64_t kind = number(extra, 2), length = number(extra + 2, 2);
    if (kind == 1) {
      std::uint64_t at = extra + 4;
      for (std::uint64_t* value : {&member.bytes, &member.packed_bytes, &member.offset}) {
        if (*value != kIn64) continue;
        *value = number(at, 8);
        at += 8;
      }
      return;
    }
    extra += 4 + length;
  }
}

std::vector<std::string> ZipFile::names() const {
  std::vector<std::string> all;
  for (const Member& member : members_) all.push_back(member.name);
  return all;
}

bool ZipFile::has(const std::string& name) const {
  return std::any_of(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name; });
}

SharedBytes ZipFile::read(const std::string& name) const {
  const auto found =
      std::find_if(members_.begin(), members_.end(), [&](const Member& member) { return member.name == name; });
  if (found == members_.end()) fail(0, fmt::format("no file {} in the archive", name));
  const Member& member = *found;
  if (number(member.offset, 4) != kLocal) fail(member.offset, fmt::format("{} does not begin here", name));
  const std::uint64_t begin =
      member.offset + kLocalBytes + number(member.offset + 26, 2) + number(member.offset + 28, 2);
  if (begin > bytes_.size() || member.packed_bytes > bytes_.size() - begin)
    fail(member.offset, fmt::format("{} is longer than the archive", name));
  SharedBytes result;
  if (member.method == kStored && member.bytes == member.packed_bytes) {
    result = bytes_.part(begin, member.bytes);
  } else if (member.method == kDeflated) {
    result = SharedBytes(inflated(member, begin));
  } else {
    fail(member.offset, fmt::format("{} is packed in a way that is not known", name));
  }
  uLong checksum = crc32(0, nullptr, 0);
  constexpr std::size_t kStep = 1u << 30;
  for (std::size_t done = 0; done < result.size(); done += kStep)
    checksum = crc32(checksum, result.data() + done, static_cast<uInt>(std::min(kStep, result.size() - done)));
  if (checksum != member.checksum) fail(member.offset, fmt::format("{} is damaged: its checksum is another", name));
  return result;
}

std::vector<std::uint8_t> ZipFile::inflated(const Member& member, std::uint64_t begin) const {
  if (member.bytes / kMostInflated > member.packed_bytes)
    fail(member.offset, fmt::format("{} bytes from {} packed ones", member.bytes, member.packed_bytes));
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  const std::unique_ptr<z_stream, int (*)(z_streamp)> ends(&stream, inflateEnd);
  std::vector<std::uint8_t> result;
  std::uint64_t taken = 0;
  int code = Z_OK;
  constexpr std::uint64_t kStep = 16u << 20;
  while (code == Z_OK && result.size() < member.bytes) {
    if (stream.avail_in == 0) {
      stream.avail_in = static_cast<uInt>(std::min(kStep, member.packed_bytes - taken));
      stream.next_in = const_cast<Bytef*>(bytes_.data() + begin + taken);
      taken += stream.avail_in;
    }
    const std::size_t done = result.size();
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(kStep, member.bytes - done));
    result.resize(done + room);
    stream.next_out = result.data() + done;
    stream.avail_out = static_cast<uInt>(room);
    code = inflate(&stream, Z_NO_FLUSH);
    result.resize(done + room - stream.avail_out);
    if (stream.avail_in == 0 && taken == member.packed_bytes && code == Z_OK && stream.avail_out > 0) break;
  }
  if ((code != Z_OK && code != Z_STREAM_END) || result.size() != member.bytes)
    fail(member.offset, fmt::format("{} is damaged", member.name));
  return result;
}

std::map<std::string, NumberArray> read_npz(const std::string& file, const std::vector<std::string>& wanted) {
  const ZipFile archive(file);
  std::map<std::string, NumberArray> arrays;
  for (const std::string& name : wanted)
    if (archive.has(name + ".npy"))
      arrays.emplace(name, NumberArray(archive.read(name + ".npy"), fmt::format("{}: {}", file, name)));
  return arrays;
}

}  // namespace msfusion
