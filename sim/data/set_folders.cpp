#include "sim/data/set_folders.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>

#include "sim/base/error.hpp"
#include "sim/base/natural_order.hpp"
#include "sim/data/array_set.hpp"
#include "sim/data/cifar.hpp"
#include "sim/data/csv_set.hpp"
#include "sim/data/idx.hpp"
#include "sim/data/image_folder.hpp"
#include "sim/data/text.hpp"

namespace msfusion {

namespace fs = std::filesystem;

namespace {

std::string find_one(const fs::path& folder, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (fs::is_regular_file(folder / name)) return (folder / name).string();
  }
  throw UserError(
      {folder.string(), 0, fmt::format("no file {}", names.front()), fmt::format("{}", fmt::join(names, ", "))});
}

/// Both spellings that are in use, compressed or not.
std::string find_idx(const fs::path& folder, const std::string& stem, int dimensions) {
  const std::string dash = fmt::format("{}-idx{}-ubyte", stem, dimensions);
  const std::string dot = fmt::format("{}.idx{}-ubyte", stem, dimensions);
  return find_one(folder, {dash + ".gz", dash, dot + ".gz", dot});
}

struct IdxSplits {
  IdxFiles train, test;
};

IdxSplits mnist_files(const fs::path& folder) {
  return {{find_idx(folder, "train-images", 3), find_idx(folder, "train-labels", 1)},
          {find_idx(folder, "t10k-images", 3), find_idx(folder, "t10k-labels", 1)}};
}

Dataset read_idx_splits(const IdxSplits& files, IdxRules rules) {
  Dataset data;
  data.classes = rules.classes;
  data.train_images = read_idx(files.train, rules);
  data.test_images = read_idx(files.test, rules);
  const auto& train = data.train_images;
  const auto& test = data.test_images;
  if (train.height != test.height || train.width != test.width) {
    throw UserError({files.test.images, 0, fmt::format("images of {} x {} pixels", test.height, test.width),
                     fmt::format("{} x {} as in {}", train.height, train.width, files.train.images)});
  }
  return data;
}

struct EmnistSplit {
  const char* name;
  int classes, first_label;
};
constexpr EmnistSplit kEmnistSplits[] = {{"balanced", 47, 0}, {"byclass", 62, 0}, {"bymerge", 47, 0},
                                         {"digits", 10, 0},   {"letters", 26, 1}, {"mnist", 10, 0}};

/// The folder holds one of EMNIST's six splits.
std::pair<EmnistSplit, IdxSplits> emnist_files(const fs::path& folder) {
  const std::string allowed =
      "the four files emnist-SPLIT-{train,test}-{images-idx3,labels-idx1}-ubyte.gz of one SPLIT: balanced, byclass, "
      "bymerge, digits, letters, mnist";
  std::vector<EmnistSplit> found;
  for (const auto& split : kEmnistSplits) {
    const std::string file = fmt::format("emnist-{}-train-images-idx3-ubyte", split.name);
    if (fs::exists(folder / file) || fs::exists(folder / (file + ".gz"))) found.push_back(split);
  }
  if (found.empty()) throw UserError({folder.string(), 0, "no EMNIST files", allowed});
  if (found.size() > 1) {
    throw UserError({folder.string(), 0, fmt::format("the splits {} and {}", found[0].name, found[1].name), allowed});
  }
  const std::string stem = fmt::format("emnist-{}-", found[0].name);
  return {found[0],
          {{find_idx(folder, stem + "train-images", 3), find_idx(folder, stem + "train-labels", 1)},
           {find_idx(folder, stem + "test-images", 3), find_idx(folder, stem + "test-labels", 1)}}};
}

struct CifarFiles {
  std::vector<std::string> train, test;
};

CifarFiles cifar_files(const fs::path& folder, CifarKind kind) {
  const bool ten = kind == CifarKind::cifar10;
  // The archives unpack into a folder of their own.
  const fs::path inner = folder / (ten ? "cifar-10-batches-bin" : "cifar-100-binary");
  const fs::path place = fs::is_directory(inner) ? inner : folder;
  if (!ten) return {{find_one(place, {"train.bin"})}, {find_one(place, {"test.bin"})}};
  CifarFiles files;
  for (int i = 1; i <= 5; ++i) files.train.push_back(find_one(place, {fmt::format("data_batch_{}.bin", i)}));
  files.test.push_back(find_one(place, {"test_batch.bin"}));
  return files;
}

Dataset read_cifar_folder(const fs::path& folder, CifarKind kind, bool pixels) {
  const CifarFiles files = cifar_files(folder, kind);
  Dataset data;
  data.classes = kind == CifarKind::cifar10 ? 10 : 100;
  data.train_images = read_cifar(files.train, kind, pixels);
  data.test_images = read_cifar(files.test, kind, pixels);
  return data;
}

struct TextFiles {
  std::string train;
  std::optional<std::string> test;   ///< none: the last tenth of train
  std::vector<std::string> clients;  ///< instead of both: a file each
};

std::vector<std::string> in_order(std::vector<std::string> files) {
  std::sort(files.begin(), files.end(), natural_less);
  return files;
}

/// "wiki.train.tokens" has the part "train".
bool has_part(const std::string& name, const std::string& part) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  for (auto at = name.find(part); at != std::string::npos; at = name.find(part, at + 1)) {
    const auto after = at + part.size();
    if ((at == 0 || !is_letter(name[at - 1])) && (after == name.size() || !is_letter(name[after]))) return true;
  }
  return false;
}

TextFiles text_files(const fs::path& path) {
  if (fs::is_regular_file(path)) return {path.string(), std::nullopt, {}};
  std::vector<std::string> train, test, all;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.front() == '.') continue;
    all.push_back(entry.path().string());
    if (has_part(name, "train")) train.push_back(all.back());
    if (has_part(name, "test")) test.push_back(all.back());
  }
  if (train.size() == 1 && test.size() == 1) return {train[0], test[0], {}};
  if (all.size() == 1) return {all[0], std::nullopt, {}};
  if (all.size() > 1 && train.empty() && test.empty()) return {"", std::nullopt, in_order(std::move(all))};
  throw UserError(
      {path.string(), 0, fmt::format("{} files named *train* and {} named *test*", train.size(), test.size()),
       "one of each, e.g. wiki.train.tokens and wiki.test.tokens; a single file, whose last tenth is the test; or "
       "several files with other names, each a client's"});
}

Dataset read_text_folder(const fs::path& folder, TextUnit unit, int window) {
  const TextFiles files = text_files(folder);
  if (!files.clients.empty()) return read_clients_text(files.clients, unit, window);
  return files.test ? read_text(files.train, *files.test, unit, window) : read_text(files.train, unit, window);
}

std::vector<std::string> fortune_files(const fs::path& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    fs::path text = entry.path();
    if (text.extension() != ".dat") continue;
    text.replace_extension();
    if (fs::is_regular_file(text)) files.push_back(text.string());
  }
  if (files.size() < 2)
    throw UserError({folder.string(), 0, fmt::format("{} texts with a .dat file beside them", files.size()),
                     "those of the packages fortunes and fortunes-min"});
  return in_order(std::move(files));
}

}  // namespace

Dataset read_mnist(const fs::path& folder, int, bool pixels) {
  IdxRules rules;
  rules.pixels = pixels;
  return read_idx_splits(mnist_files(folder), rules);
}

void check_mnist(const fs::path& folder) {
  mnist_files(folder);
}

Dataset read_emnist(const fs::path& folder, int, bool pixels) {
  const auto [split, files] = emnist_files(folder);
  IdxRules rules;
  rules.classes = split.classes;
  rules.first_label = split.first_label;
  rules.transposed = true;
  rules.pixels = pixels;
  return read_idx_splits(files, rules);
}

void check_emnist(const fs::path& folder) {
  emnist_files(folder);
}

Dataset read_cifar10(const fs::path& folder, int, bool pixels) {
  return read_cifar_folder(folder, CifarKind::cifar10, pixels);
}

void check_cifar10(const fs::path& folder) {
  cifar_files(folder, CifarKind::cifar10);
}

Dataset read_cifar100(const fs::path& folder, int, bool pixels) {
  return read_cifar_folder(folder, CifarKind::cifar100, pixels);
}

void check_cifar100(const fs::path& folder) {
  cifar_files(folder, CifarKind::cifar100);
}

Dataset read_folder(const fs::path& folder, int, bool pixels) {
  return read_image_folder(folder.string(), pixels);
}

void check_folder(const fs::path& folder) {
  if (!fs::is_directory(folder / "train")) {
    throw UserError({folder.string(), 0, "no folder train", "train/CLASS/FILE and test/CLASS/FILE"});
  }
}

Dataset read_arrays(const fs::path& folder, int, bool pixels) {
  return read_array_set(folder.string(), pixels);
}

void check_arrays(const fs::path& folder) {
  check_array_set(folder.string());
}

Dataset read_csv(const fs::path& folder, int, bool pixels) {
  return read_csv_set(folder.string(), pixels);
}

void check_csv(const fs::path& folder) {
  check_csv_set(folder.string());
}

Dataset read_words(const fs::path& folder, int window, bool) {
  return read_text_folder(folder, TextUnit::word, window);
}

Dataset read_characters(const fs::path& folder, int window, bool) {
  return read_text_folder(folder, TextUnit::character, window);
}

void check_text(const fs::path& folder) {
  text_files(folder);
}

Dataset read_fortunes(const fs::path& folder, int window, bool) {
  return read_clients_text(fortune_files(folder), TextUnit::character, window);
}

void check_fortunes(const fs::path& folder) {
  fortune_files(folder);
}

}  // namespace msfusion
