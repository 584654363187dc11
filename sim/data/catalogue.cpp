#include "sim/data/catalogue.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

#include "sim/base/error.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/base/spelling.hpp"
#include "sim/data/data_sets.hpp"
#include "sim/data/subset.hpp"
#include "sim/data/synthetic.hpp"

namespace msfusion {

namespace fs = std::filesystem;

namespace {

/// Where the set should be, whether it is complete or not; none: nowhere.
std::optional<fs::path> place_of(const DataSet& entry, const std::string& path) {
  if (!path.empty()) return path;
  if (const char* root = std::getenv("MSFUSION_DATA"); root && *root) {
    if (auto place = fs::path(root) / entry.status.name; fs::exists(place)) return place;
  }
  if (entry.system_folder && fs::is_directory(entry.system_folder)) return entry.system_folder;
  return std::nullopt;
}

const DataSet* find_entry(const std::string& name) {
  for (const auto& entry : data_sets()) {
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
  data.sizes_of = sizes.of;
  Random random(derive_seed(seed, Purpose::synthetic_data, 0));
  data.train_images = draw_labels(sizes, sizes.train_samples, random);
  data.test_images = draw_labels(sizes, sizes.test_samples, random);
  return data;
}

Dataset read_set(const DataOptions& spec, int window, std::uint64_t seed, bool pixels) {
  const DataSet* entry = find_entry(spec.set);
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
    throw UserError({"", spec.line, fmt::format("{} {}", found, what), fmt::format("1 to {} in {}", most, spec.set)});
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
  constexpr std::int64_t kMostSamples = 20'000'000;  // 80 MB of labels
  expect_between(spec, "classes", choice.classes, 65536);
  expect_between(spec, "pixels a side", choice.side, 4096);
  expect_between(spec, "channels", choice.channels, 1024);
  expect_between(spec, "training samples", choice.train_samples, kMostSamples);
  expect_between(spec, "test samples", choice.test_samples, kMostSamples);
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
  expect_between(spec, "tokens in the vocabulary", choice.vocabulary, std::int64_t{1} << 24);
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
  if (is_text(spec) && window < 1) {
    throw UserError({"", spec.line, fmt::format("set=\"{}\" with a model for images", spec.set),
                     "a language model (transformer, lstm)"});
  }
  Dataset data = read_set(spec, window, seed, !for_cost_only);
  data.name = spec.set;
  if (spec.train_samples) {
    expect_between(spec, "training samples", *spec.train_samples, data.train_samples());
    keep_train_samples(data, *spec.train_samples, seed);
  }
  if (spec.test_samples) {
    expect_between(spec, "test samples", *spec.test_samples, data.test_samples());
    keep_test_samples(data, *spec.test_samples);
  }
  measure_channels(data);
  return data;
}

std::vector<std::string> dataset_names() {
  std::vector<std::string> names;
  for (const auto& entry : data_sets()) names.push_back(entry.status.name);
  names.emplace_back("synthetic");
  return names;
}

std::vector<DataSetStatus> list_datasets() {
  std::vector<DataSetStatus> list;
  for (const auto& entry : data_sets()) {
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
