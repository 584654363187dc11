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
/// two are kept; each carries the identity of the store that has its rounds, so that no other run goes on from it, and
/// a checksum, so that a damaged one is recognised and the one before it used. Layout: "MSFUSION-CHECKPOINT 2\n", the
/// store's id (32 characters), then little-endian: run (int32), round (int32), payload length (uint64), CRC-32 of
/// everything before it and of the payload (uint32), payload. Clock, platform and plans are not in it: a resumed run
/// replays them without training, which takes no time.
class Checkpoints {
 public:
  Checkpoints(std::filesystem::path folder, int run, std::string store_id)
      : folder_(std::move(folder)), run_(run), store_id_(std::move(store_id)) {}

  /// Saves the state after `round`. Throws RunError (file, cause).
  void write(int round, const std::function<void(std::ostream&)>& save) const;

  struct Found {
    int round = 0;
    std::string state;
  };
  /// The newest sound checkpoint of a round that is not after `last_round`; what is damaged or belongs to another store
  /// is told in `warnings`.
  std::optional<Found> newest(int last_round, std::vector<std::string>& warnings) const;

  /// Of a finished run: the last one stays, for a resume with later limits.
  void keep_last() const;

 private:
  std::filesystem::path file(int round) const;
  std::filesystem::path unfinished() const;
  std::vector<int> rounds() const;  // of the files there are, ascending

  std::filesystem::path folder_;
  int run_;
  std::string store_id_;
};

}  // namespace msfusion
