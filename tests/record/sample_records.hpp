// Records to write into a store, and a folder for it.
#pragma once

#include <filesystem>
#include <limits>
#include <string>

#include "sim/record/store.hpp"

namespace msfusion {

/// A folder that is gone after the test.
struct TemporaryFolder {
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "msfusion-record-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::permissions(path, std::filesystem::perms::owner_all, ignored);
    std::filesystem::remove_all(path, ignored);
  }
  std::string store() const { return (path / "run.sqlite").string(); }
  std::filesystem::path path;
};

inline RunRecord a_run(int run) {
  RunRecord record;
  record.run = run;
  record.method = record.label = "fedavg";
  record.seed = std::numeric_limits<std::uint64_t>::max();
  record.rounds = 3;
  record.state = "waiting";
  return record;
}

inline RoundResult a_round(int run, int round) {
  RoundResult result;
  result.round.run = run;
  result.round.round = round;
  result.round.start_seconds = round;
  result.round.end_seconds = round + 0.1;
  result.round.joules = 5;
  DeviceRoundRecord device;
  device.run = run;
  device.round = round;
  device.device = 2;
  device.slice = {{0, 4, 16, true}, {3, 2, 8, false}};
  device.start_seconds = 0.25;
  device.fate = "done";
  result.devices = {device};
  result.activities = {{run,
                        round,
                        2,
                        0.05,
                        0.01,
                        0.02,
                        0.005,
                        0.005,
                        0.01,
                        {{0, 0.02, false, false, true}, {0.02, 0.07, true, true, false}}}};
  result.critical_steps = {{run, round, 0, 2, 2, 0.5, 0.75}, {run, round, 1, 2, 3, 0.75, 1}};
  result.batteries = {{run, round, 2, 1234.5}};
  result.evaluation = EvaluationRecord{run, round, round + 0.1, 0.5, 1.5, 0.25, {}, {}};
  result.device_evaluations = {{run, round, 2, 0.25, 2.5}};
  result.coverage = {{run, round, "conv1", {0, 1, 256, 65535}}};
  result.links = {{run, round, "backbone", 1e9, {}}};
  result.encodings = {{run, round, "up", 3, 4000, 125, 0.75}};
  result.privacy = PrivacyRecord{run, round, 1.5, 1e-5, 0.25, {}};
  result.secure_sums = SecureSumRecord{run, round, 2, 1, 3000, 2000, 0.5, 0.25};
  result.warnings = {{run, round, "a \"warning\", with a comma"}};
  result.wall.run = run;
  result.wall.round = round;
  result.wall.round_seconds = 0.5;
  return result;
}

}  // namespace msfusion
