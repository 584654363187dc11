// Made-up but plausible result folders, for the reports' tests and for looking at a page.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sim/record/records.hpp"

namespace msfusion {

struct SampleOptions {
  std::vector<std::string> methods = {"msfusion", "heterofl", "fedrolex", "fedavg", "narrow"};
  int seeds = 3;
  int rounds = 40;
  int devices = 10;
  std::string name = "sample";
  bool unfinished = false;   ///< the last run stops half way, the one before it fails
  bool with_energy = true;   ///< joules, money
  bool with_trouble = true;  ///< batteries, and a device that is now and then switched off
  std::string targets = "0.6 0.8";
  /// complete, ring, star, chords: a ring with chords; or "to nobody": one peer that is no device.
  std::string peer_graph = "chords";
  std::vector<std::string> labels;  ///< of the methods; empty: their names
};

/// msfusion alone, with one seed and one round.
SampleOptions one_method();

/// A folder that is gone after the test.
struct TemporaryFolder {
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path path;
};

std::string text_of(const std::filesystem::path& file);

/// Writes FOLDER/run.sqlite.
void write_sample(const std::filesystem::path& folder, const SampleOptions& options);

}  // namespace msfusion
