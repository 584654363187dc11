// The data sets by name: where they are found, how they are read, and how to get one that is missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/data/data_options.hpp"
#include "sim/data/dataset.hpp"

namespace msfusion {

/// The scenario's data set: found by spec.path, else $MSFUSION_DATA/SET, else the system package; read and checked,
/// then cut to spec.train_samples and spec.test_samples. `window` is the tokens per sample that the model asks for (0
/// for images). With `for_cost_only` images have labels and sizes but no pixels and no channel statistics; a set that
/// is not installed has drawn labels (Dataset::has_drawn_labels) where its sizes are known. The result never changes
/// and no thread is started: load it once before forking and all runs share its pages. Throws UserError: about a file
/// with its name and byte; about the scenario (not installed and how to get it, more samples asked for than there are)
/// with an empty file name and spec.line.
Dataset load_dataset(const DataOptions& spec, int window, std::uint64_t seed, bool for_cost_only = false);

/// A file to download. Figures are there only where they were checked.
struct DataSetFile {
  std::string name;
  std::optional<std::int64_t> bytes;
  std::string sha256;  ///< empty if not known
};

struct DataSetStatus {
  std::string name;  ///< as in the scenario's `set`
  std::string description;
  std::optional<std::string> found;  ///< the folder, complete; none: not present
  std::string how_to_get;
  std::vector<DataSetFile> files;
};

/// The names of every set that a scenario can name.
std::vector<std::string> dataset_names();

/// Every set that a scenario can name.
std::vector<DataSetStatus> list_datasets();

}  // namespace msfusion
