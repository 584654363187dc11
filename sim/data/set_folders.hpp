// Folders of data sets as their publishers lay them out: which files belong to a set, and how the set is read.
#pragma once

#include <filesystem>

#include "sim/data/dataset.hpp"

namespace msfusion {

// A check ends once every file has been found; reading goes on to their contents. `window`: the tokens per sample of a
// text; without `pixels` images have their labels and sizes alone. All throw UserError with the folder or the file.

Dataset read_mnist(const std::filesystem::path& folder, int window, bool pixels);
void check_mnist(const std::filesystem::path& folder);
/// One of EMNIST's six splits.
Dataset read_emnist(const std::filesystem::path& folder, int window, bool pixels);
void check_emnist(const std::filesystem::path& folder);
Dataset read_cifar10(const std::filesystem::path& folder, int window, bool pixels);
void check_cifar10(const std::filesystem::path& folder);
Dataset read_cifar100(const std::filesystem::path& folder, int window, bool pixels);
void check_cifar100(const std::filesystem::path& folder);
/// train/CLASS/FILE and test/CLASS/FILE.
Dataset read_folder(const std::filesystem::path& folder, int window, bool pixels);
void check_folder(const std::filesystem::path& folder);
/// NumPy's files, as sim/data/array_set.hpp says.
Dataset read_arrays(const std::filesystem::path& folder, int window, bool pixels);
void check_arrays(const std::filesystem::path& folder);
/// Tables, as sim/data/csv_set.hpp says.
Dataset read_csv(const std::filesystem::path& folder, int window, bool pixels);
void check_csv(const std::filesystem::path& folder);
/// One file *train* and one *test*, a single file whose last tenth is the test, or several files, each a client's.
Dataset read_words(const std::filesystem::path& folder, int window, bool pixels);
Dataset read_characters(const std::filesystem::path& folder, int window, bool pixels);
void check_text(const std::filesystem::path& folder);
/// Each text NAME that has a NAME.dat beside it is a client's.
Dataset read_fortunes(const std::filesystem::path& folder, int window, bool pixels);
void check_fortunes(const std::filesystem::path& folder);

}  // namespace msfusion
