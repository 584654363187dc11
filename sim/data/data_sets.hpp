// The table of data sets that lie in files: one row a set.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "sim/data/catalogue.hpp"

namespace msfusion {

/// Published sizes of a set whose files are not there. Classes are taken as equally frequent.
struct KnownSizes {
  int classes = 0;  ///< 0: nothing is known
  int channels = 0, side = 0;
  std::int64_t train_samples = 0, test_samples = 0;
  int classes_per_group = 0;  ///< of the natural partition's key; 0: it has none
  const char* of = "";        ///< where the set is several: the one that the sizes are of
};

/// A set's entry in the list, and how its folder is read (sim/data/set_folders.hpp).
struct DataSet {
  DataSetStatus status;
  const char* system_folder;  ///< of the distribution's package, or null
  Dataset (*read)(const std::filesystem::path& folder, int window, bool pixels);
  void (*check)(const std::filesystem::path& folder);
  KnownSizes sizes = {};
};

const std::vector<DataSet>& data_sets();

}  // namespace msfusion
