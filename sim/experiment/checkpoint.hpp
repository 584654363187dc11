// A run's checkpoints: what a learner needs to go on, safe against being killed at any moment.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

namespace msfusion {

/// The checkpoint files of one run in a folder. A file is written under a temporary name, synced, and renamed; the last
/// two are kept; each carries a checksum, so that a damaged one is recognised and the one before it used. Layout:
/// "MSFUSION-CHECKPOINT 1\n", then little-endian: round (int32), payload length (uint64), CRC-32 of the payload
/// (uint32), payload. Clock, platform and plans are not in it: a resumed run replays them without training, which takes
/// no time.
class Checkpoints {
 public:
  Checkpoints(std::filesystem::path folder, int run) : folder_(std::move(folder)), run_(run) {}

  /// Saves the state after `round`. Throws RunError (file, cause).
  void write(int round, const std::function<void(std::ostream&)>& save) const;

  struct Found {
    int round = 0;
    std::string state;
  };
  /// The newest sound checkpoint of a round that is not after `last_round`; what was damaged is told in `warnings`.
  std::optional<Found> newest(int last_round, std::vector<std::string>& warnings) const;

  void remove_all() const;

 private:
  std::filesystem::path file(int round) const;
  std::vector<int> rounds() const;  // of the files there are, ascending

  std::filesystem::path folder_;
  int run_;
};

}  // namespace msfusion
