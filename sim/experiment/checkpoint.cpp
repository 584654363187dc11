#include "sim/experiment/checkpoint.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cassert>
#include <fstream>
#include <sstream>

#include "sim/base/durable_file.hpp"
#include "sim/base/units.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

constexpr char kMagic[] = "MSFUSION-CHECKPOINT 2\n";
constexpr std::size_t kMagicLength = sizeof kMagic - 1;
constexpr std::size_t kKept = 2;
constexpr std::size_t kIdLength = 32;
constexpr std::size_t kHeaderLength = kMagicLength + kIdLength + 4 + 4 + 8 + 4;

struct Header {
  std::string store_id;
  std::int32_t run;
  std::int32_t round;
};

std::uint32_t checksum_of(const std::string& header, const char* payload, std::size_t length) {
  const auto bytes = [](const char* text) { return reinterpret_cast<const unsigned char*>(text); };
  const uLong sum = crc32_z(0, bytes(header.data()), header.size());
  return static_cast<std::uint32_t>(crc32_z(sum, bytes(payload), length));
}

template <class T>
void append(std::string& bytes, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
}

template <class T>
T take(const std::string& bytes, std::size_t& at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at++])) << (8 * i);
  return static_cast<T>(value);
}

// What is wrong with a checkpoint file's bytes; empty if nothing is.
std::string damage(const std::string& bytes, Header& header, std::string& payload) {
  if (bytes.size() < kHeaderLength || bytes.compare(0, kMagicLength, kMagic) != 0)
    return "is not a checkpoint of this version";
  std::size_t at = kMagicLength + kIdLength;
  header.store_id = bytes.substr(kMagicLength, kIdLength);
  header.run = take<std::int32_t>(bytes, at);
  header.round = take<std::int32_t>(bytes, at);
  const auto length = take<std::uint64_t>(bytes, at);
  const std::string summed = bytes.substr(0, at);
  const auto checksum = take<std::uint32_t>(bytes, at);
  if (length != bytes.size() - at) return fmt::format("promises {} bytes and has {}", length, bytes.size() - at);
  payload = bytes.substr(at);
  return checksum_of(summed, payload.data(), payload.size()) == checksum ? "" : "has a wrong checksum";
}

}  // namespace

fs::path Checkpoints::file(int round) const {
  return folder_ / fmt::format("run-{}.round-{}.checkpoint", run_, round);
}

fs::path Checkpoints::unfinished() const {
  return folder_ / fmt::format("run-{}.unfinished", run_);
}

std::vector<int> Checkpoints::rounds() const {
  std::vector<int> found;
  std::error_code missing;
  const std::string prefix = fmt::format("run-{}.round-", run_), suffix = ".checkpoint";
  for (const auto& entry : fs::directory_iterator(folder_, missing)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= prefix.size() + suffix.size() || name.compare(0, prefix.size(), prefix) != 0 ||
        name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0)
      continue;
    const auto round = parse_integer(name.substr(prefix.size(), name.size() - prefix.size() - suffix.size()));
    if (round) found.push_back(static_cast<int>(*round));
  }
  std::sort(found.begin(), found.end());
  return found;
}

void Checkpoints::write(int round, const std::function<void(std::ostream&)>& save) const {
  std::ostringstream state;
  save(state);
  const std::string payload = state.str();
  std::string bytes(kMagic, kMagicLength);
  assert(store_id_.size() == kIdLength);
  bytes += store_id_;
  append(bytes, static_cast<std::int32_t>(run_));
  append(bytes, static_cast<std::int32_t>(round));
  append(bytes, static_cast<std::uint64_t>(payload.size()));
  append(bytes, checksum_of(bytes, payload.data(), payload.size()));
  bytes += payload;

  // Creates the folder of checkpoints, but not the results folder: removing that was deliberate.
  write_durably(file(round), unfinished(), bytes, "the checkpoint");
  std::error_code error;
  std::vector<int> kept = rounds();
  for (std::size_t i = 0; i + kKept < kept.size(); ++i) fs::remove(file(kept[i]), error);
}

std::optional<Checkpoints::Found> Checkpoints::newest(int last_round, std::vector<std::string>& warnings) const {
  std::vector<int> candidates = rounds();
  for (auto round = candidates.rbegin(); round != candidates.rend(); ++round) {
    if (*round > last_round) continue;
    std::ifstream in(file(*round), std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    Header header{};
    Found found;
    std::string wrong = damage(bytes.str(), header, found.state);
    if (wrong.empty() && header.store_id != store_id_) wrong = "belongs to other results than the ones in this folder";
    if (wrong.empty() && (header.run != run_ || header.round != *round)) wrong = "is of another run or round";
    found.round = header.round;
    if (wrong.empty()) return found;
    warnings.push_back(fmt::format("{} {}; {}", file(*round).string(), wrong,
                                   std::next(round) == candidates.rend()
                                       ? "there is none before it: the run starts over"
                                       : "the checkpoint before it is used"));
  }
  return std::nullopt;
}

void Checkpoints::keep_last() const {
  std::error_code ignored;
  const std::vector<int> kept = rounds();
  for (std::size_t i = 0; i + 1 < kept.size(); ++i) fs::remove(file(kept[i]), ignored);
  fs::remove(unfinished(), ignored);
}

}  // namespace msfusion
