#include "sim/data/catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "sim/base/error.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/base/spelling.hpp"
#include "sim/data/cifar.hpp"
#include "sim/data/idx.hpp"
#include "sim/data/image_folder.hpp"
#include "sim/data/subset.hpp"
#include "sim/data/synthetic.hpp"
#include "sim/data/text.hpp"

namespace msfusion {

namespace fs = std::filesystem;

namespace {
/// Published sizes of a set whose files are not there. Classes are taken as equally frequent.
struct KnownSizes {
  int classes = 0;  ///< 0: nothing is known
  int channels = 0, side = 0;
  std::int64_t train_samples = 0, test_samples = 0;
  int classes_per_group = 0;  ///< of the natural partition's key; 0: it has none
};

/// A set of the catalogue: its entry in the list, and how its folder is read. `check` stops once the files are found.
struct Entry {
  DataSetStatus status;
  const char* system_folder;  ///< of the distribution's package, or null
  Dataset (*read)(const fs::path& folder, int window, bool pixels);
  void (*check)(const fs::path& folder);
  KnownSizes sizes = {};
};

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

Dataset read_mnist(const fs::path& folder, int, bool pixels) {
  IdxRules rules;
  rules.pixels = pixels;
  return read_idx_splits(mnist_files(folder), rules);
}

void check_mnist(const fs::path& folder) {
  mnist_files(folder);
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

template <CifarKind kind>
Dataset read_cifar_folder(const fs::path& folder, int, bool pixels) {
  const CifarFiles files = cifar_files(folder, kind);
  Dataset data;
  data.classes = kind == CifarKind::cifar10 ? 10 : 100;
  data.train_images = read_cifar(files.train, kind, pixels);
  data.test_images = read_cifar(files.test, kind, pixels);
  return data;
}

template <CifarKind kind>
void check_cifar(const fs::path& folder) {
  cifar_files(folder, kind);
}

Dataset read_folder(const fs::path& folder, int, bool pixels) {
  return read_image_folder(folder.string(), pixels);
}

void check_folder(const fs::path& folder) {
  if (!fs::is_directory(folder / "train")) {
    throw UserError({folder.string(), 0, "no folder train", "train/CLASS/FILE and test/CLASS/FILE"});
  }
}

struct TextFiles {
  std::string train;
  std::optional<std::string> test;  ///< none: the last tenth of train
};

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
  if (fs::is_regular_file(path)) return {path.string(), std::nullopt};
  std::vector<std::string> train, test, all;
  for (const auto& entry : fs::directory_iterator(path)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_regular_file() || name.front() == '.') continue;
    all.push_back(entry.path().string());
    if (has_part(name, "train")) train.push_back(all.back());
    if (has_part(name, "test")) test.push_back(all.back());
  }
  if (train.size() == 1 && test.size() == 1) return {train[0], test[0]};
  if (all.size() == 1) return {all[0], std::nullopt};
  throw UserError(
      {path.string(), 0, fmt::format("{} files named *train* and {} named *test*", train.size(), test.size()),
       "one of each, e.g. wiki.train.tokens and wiki.test.tokens; or a single file, whose last tenth is the test"});
}

template <TextUnit unit>
Dataset read_text_folder(const fs::path& folder, int window, bool) {
  const TextFiles files = text_files(folder);
  return files.test ? read_text(files.train, *files.test, unit, window) : read_text(files.train, unit, window);
}

void check_text(const fs::path& folder) {
  text_files(folder);
}

// A table. NOLINTNEXTLINE(readability-function-size)
const std::vector<Entry>& catalogue() {
  static const std::vector<Entry> entries = {
      {{"fashion-mnist",
        "60,000 + 10,000 grey images of clothes, 28 x 28, 10 classes",
        std::nullopt,
        "apt install dataset-fashion-mnist",
        {{"train-images-idx3-ubyte.gz", 26421856, "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"},
         {"train-labels-idx1-ubyte.gz", 29491, "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"},
         {"t10k-images-idx3-ubyte.gz", 4422079, "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"},
         {"t10k-labels-idx1-ubyte.gz", 5125, "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"}}},
       "/usr/share/datasets/fashion-mnist",
       read_mnist,
       check_mnist,
       {10, 1, 28, 60000, 10000, 0}},
      {{"mnist",
        "60,000 + 10,000 grey images of digits, 28 x 28, 10 classes",
        std::nullopt,
        "the four files, e.g. from https://ossci-datasets.s3.amazonaws.com/mnist/",
        {{"train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
         {"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
         {"t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
         {"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"}}},
       nullptr,
       read_mnist,
       check_mnist,
       {10, 1, 28, 60000, 10000, 0}},
      {{"emnist",
        "grey images of letters and digits, 28 x 28, one of the splits balanced (47 classes), byclass (62), bymerge "
        "(47), "
        "digits (10), letters (26), mnist (10); turned upright while reading",
        std::nullopt,
        "the four files of one split from https://www.nist.gov/itl/products-and-services/emnist-dataset (binary "
        "format)",
        {{"emnist-SPLIT-train-images-idx3-ubyte.gz", std::nullopt, ""},
         {"emnist-SPLIT-train-labels-idx1-ubyte.gz", std::nullopt, ""},
         {"emnist-SPLIT-test-images-idx3-ubyte.gz", std::nullopt, ""},
         {"emnist-SPLIT-test-labels-idx1-ubyte.gz", std::nullopt, ""}}},
       nullptr,
       read_emnist,
       check_emnist},
      {{"cifar-10",
        "50,000 + 10,000 colour images, 32 x 32, 10 classes",
        std::nullopt,
        "the \"binary version\" from https://www.cs.toronto.edu/~kriz/cifar.html, unpacked",
        {{"cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"}}},
       nullptr,
       read_cifar_folder<CifarKind::cifar10>,
       check_cifar<CifarKind::cifar10>,
       {10, 3, 32, 50000, 10000, 0}},
      {{"cifar-100",
        "50,000 + 10,000 colour images, 32 x 32, 100 classes in 20 superclasses (the natural partition's key)",
        std::nullopt,
        "the \"binary version\" from https://www.cs.toronto.edu/~kriz/cifar.html, unpacked",
        {{"cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"}}},
       nullptr,
       read_cifar_folder<CifarKind::cifar100>,
       check_cifar<CifarKind::cifar100>,
       {100, 3, 32, 50000, 10000, 5}},
      {{"folder",
        "any folder of PNG or JPEG images, train/CLASS/FILE and test/CLASS/FILE; also Tiny-ImageNet as it is "
        "distributed",
        std::nullopt,
        "your own images; Tiny-ImageNet: http://cs231n.stanford.edu/tiny-imagenet-200.zip, unpacked",
        {}},
       nullptr,
       read_folder,
       check_folder},
      {{"tokens",
        "tokenised text: one file *train* and one *test* (WikiText-2, WikiText-103, Penn Treebank), or a single file",
        std::nullopt,
        "e.g. the word-level WikiText-2 (wiki.train.tokens, wiki.test.tokens); tokens are separated by white space",
        {}},
       nullptr,
       read_text_folder<TextUnit::word>,
       check_text},
      {{"characters",
        "any UTF-8 text, one file *train* and one *test*, or a single file whose last tenth is the test",
        std::nullopt,
        "any text of yours",
        {}},
       nullptr,
       read_text_folder<TextUnit::character>,
       check_text},
  };
  return entries;
}

/// Where the set should be, whether it is complete or not; none: nowhere.
std::optional<fs::path> place_of(const Entry& entry, const std::string& path) {
  if (!path.empty()) return path;
  if (const char* root = std::getenv("MSFUSION_DATA"); root && *root) {
    if (auto place = fs::path(root) / entry.status.name; fs::exists(place)) return place;
  }
  if (entry.system_folder && fs::is_directory(entry.system_folder)) return entry.system_folder;
  return std::nullopt;
}

const Entry* find_entry(const std::string& name) {
  for (const auto& entry : catalogue()) {
    if (entry.status.name == name) return &entry;
  }
  return nullptr;
}

ImageSet draw_labels(const KnownSizes& sizes, std::int64_t samples, Random& random) {
  ImageSet set;
  set.channels = sizes.channels;
  set.height = set.width = sizes.side;
  for (std::int64_t i = 0; i < samples; ++i) set.labels.push_back(static_cast<std::int32_t>(i % sizes.classes));
  shuffle(set.labels, random);
  for (const std::int32_t label : set.labels)
    if (sizes.classes_per_group > 0) set.groups.push_back(label / sizes.classes_per_group);
  return set;
}

/// A set that is not installed, for plans.
Dataset draw_set(const KnownSizes& sizes, std::uint64_t seed) {
  Dataset data;
  data.classes = sizes.classes;
  data.has_drawn_labels = true;
  Random random(derive_seed(seed, Purpose::synthetic_data, 0));
  data.train_images = draw_labels(sizes, sizes.train_samples, random);
  data.test_images = draw_labels(sizes, sizes.test_samples, random);
  return data;
}

Dataset read_set(const DataOptions& spec, int window, std::uint64_t seed, bool pixels) {
  const Entry* entry = find_entry(spec.set);
  if (!entry)
    throw UserError({"", spec.line, fmt::format("data set \"{}\"", spec.set), one_of(spec.set, dataset_names())});
  const auto place = place_of(*entry, spec.path);
  if (!place && !pixels && entry->sizes.classes > 0) return draw_set(entry->sizes, seed);
  if (!place) {
    throw UserError({"", spec.line, fmt::format("data set \"{}\" is not installed", spec.set),
                     fmt::format("get it: {}; then name its folder in the attribute path, or put it into "
                                 "$MSFUSION_DATA/{}",
                                 entry->status.how_to_get, spec.set)});
  }
  if (!fs::exists(*place)) {
    throw UserError({"", spec.line, fmt::format("there is no folder \"{}\"", place->string()),
                     fmt::format("the folder of {}; get it: {}", spec.set, entry->status.how_to_get)});
  }
  try {
    return entry->read(*place, window, pixels);
  } catch (const fs::filesystem_error& error) {
    throw UserError({place->string(), 0, error.code().message(), "a readable folder"});
  }
}

void expect_between(const DataOptions& spec, const char* what, std::int64_t found, std::int64_t most) {
  if (found < 1 || found > most) {
    throw UserError({"", spec.line, fmt::format("{}={}", what, found), fmt::format("1 to {} in {}", most, spec.set)});
  }
}

constexpr std::int64_t kMostSyntheticBytes = std::int64_t{16} << 30, kMostTextBytes = std::int64_t{2} << 30;
constexpr std::int64_t kLabelBytes = sizeof(std::int32_t);

Dataset load_synthetic(const DataOptions& spec, std::uint64_t seed, bool pixels) {
  SyntheticChoice choice;
  choice.classes = spec.synthetic_classes;
  choice.side = spec.synthetic_side;
  choice.channels = spec.synthetic_channels;
  choice.pixels = pixels;
  choice.train_samples = spec.train_samples.value_or(choice.train_samples);
  choice.test_samples = spec.test_samples.value_or(choice.test_samples);
  constexpr std::int64_t kMostSamples = 100'000'000;  // 400 MB of labels
  expect_between(spec, "classes", choice.classes, 65536);
  expect_between(spec, "side", choice.side, 4096);
  expect_between(spec, "channels", choice.channels, 1024);
  expect_between(spec, "train_samples", choice.train_samples, kMostSamples);
  expect_between(spec, "test_samples", choice.test_samples, kMostSamples);
  // The same whether pixels are made or not, so that what can be planned can be run.
  const std::int64_t image = std::int64_t{choice.channels} * choice.side * choice.side;
  const std::int64_t images = choice.classes + choice.train_samples + choice.test_samples;
  if (images > kMostSyntheticBytes / (image + kLabelBytes)) {
    throw UserError({"", spec.line, fmt::format("{} synthetic images of {} bytes", images, image + kLabelBytes),
                     fmt::format("at most {} bytes together, because they are kept in memory", kMostSyntheticBytes)});
  }
  Dataset data = make_synthetic(choice, seed);
  measure_channels(data);
  return data;
}

Dataset load_synthetic_text(const DataOptions& spec, int window, std::uint64_t seed) {
  if (window < 1) {
    throw UserError(
        {"", spec.line, "a synthetic vocabulary with a model for images", "a language model (transformer, lstm)"});
  }
  SyntheticText choice;
  choice.vocabulary = spec.synthetic_vocabulary;
  choice.window = window;
  choice.train_samples = spec.train_samples.value_or(choice.train_samples);
  choice.test_samples = spec.test_samples.value_or(choice.test_samples);
  expect_between(spec, "vocabulary", choice.vocabulary, std::int64_t{1} << 24);
  const std::int64_t most = kMostTextBytes / static_cast<std::int64_t>(sizeof(std::int32_t)) / window;
  if (choice.train_samples > most - choice.test_samples) {
    throw UserError(
        {"", spec.line,
         fmt::format("{} synthetic samples of {} tokens", choice.train_samples + choice.test_samples, window),
         fmt::format("at most {} bytes together, because they are kept in memory", kMostTextBytes)});
  }
  return make_synthetic_text(choice, seed);
}
}  // namespace

Dataset load_dataset(const DataOptions& spec, int window, std::uint64_t seed, bool for_cost_only) {
  if (spec.set == "synthetic" && spec.synthetic_vocabulary > 0) return load_synthetic_text(spec, window, seed);
  if (spec.set == "synthetic") return load_synthetic(spec, seed, !for_cost_only);
  if ((spec.set == "tokens" || spec.set == "characters") && window < 1) {
    throw UserError({"", spec.line, fmt::format("set=\"{}\" with a model for images", spec.set),
                     "a language model (transformer, lstm)"});
  }
  Dataset data = read_set(spec, window, seed, !for_cost_only);
  data.name = spec.set;
  if (spec.train_samples) {
    expect_between(spec, "train_samples", *spec.train_samples, data.train_samples());
    keep_train_samples(data, *spec.train_samples, seed);
  }
  if (spec.test_samples) {
    expect_between(spec, "test_samples", *spec.test_samples, data.test_samples());
    keep_test_samples(data, *spec.test_samples);
  }
  measure_channels(data);
  return data;
}

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const auto& entry : catalogue()) names.push_back(entry.status.name);
  names.emplace_back("synthetic");
  return names;
}

std::vector<DataSetStatus> list_datasets() {
  std::vector<DataSetStatus> list;
  for (const auto& entry : catalogue()) {
    list.push_back(entry.status);
    try {
      if (const auto place = place_of(entry, "")) {
        entry.check(*place);
        list.back().found = place->string();
      }
    } catch (const UserError&) {  // there, but not complete: as good as absent
    } catch (const fs::filesystem_error&) {
    }
  }
  DataSetStatus synthetic;
  synthetic.name = "synthetic";
  synthetic.description = "seeded Gaussian class prototypes plus noise, any size; 2,000 + 500 images unless told";
  synthetic.found = "made when needed";
  list.push_back(synthetic);
  return list;
}

}  // namespace msfusion
