#include "sim/data/image_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "sim/base/error.hpp"
#include "sim/base/input_files.hpp"
#include "sim/data/image_file.hpp"

namespace msfusion {

namespace fs = std::filesystem;

namespace {
struct Entry {
  std::string path;
  std::int32_t label = 0;
  std::string group;
};
using Classes = std::map<std::string, std::int32_t>;

/// Sorted, because the order that a file system gives is its own.
std::vector<fs::path> sorted(const fs::path& folder, bool folders) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (folders ? entry.is_directory() : entry.is_regular_file()) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool is_image(const fs::path& file) {
  const std::string extension = boost::algorithm::to_lower_copy(file.extension().string());
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

std::vector<Entry> list_classes(const fs::path& split, const Classes& classes) {
  std::vector<Entry> entries;
  for (const auto& folder : sorted(split, true)) {
    const auto label = classes.find(folder.filename().string());
    if (label == classes.end()) {
      throw UserError({folder.string(), 0, "a class that the training images do not have", "the names of train/*"});
    }
    for (const auto& file : sorted(folder, false)) {
      if (is_image(file)) entries.push_back({file.string(), label->second, ""});
    }
    for (const auto& group : sorted(folder, true)) {
      for (const auto& file : sorted(group, false)) {
        if (is_image(file)) entries.push_back({file.string(), label->second, group.filename().string()});
      }
    }
  }
  return entries;
}

/// Tiny-ImageNet's val/val_annotations.txt: "val_0.JPEG <tab> n03444034 <tab> box" a line.
std::vector<Entry> list_annotated(const fs::path& folder, const fs::path& annotations, const Classes& classes) {
  std::ifstream file(annotations);
  InputLog::note(annotations.string());
  std::vector<Entry> entries;
  std::string text;
  for (int line = 1; std::getline(file, text); ++line) {
    std::istringstream words(text);
    std::string name, label_name;
    words >> name >> label_name;
    if (name.empty()) continue;
    const auto label = classes.find(label_name);
    if (label == classes.end()) {
      throw UserError({annotations.string(), line, fmt::format("class \"{}\"", label_name), "the names of train/*"});
    }
    if (fs::path(name).filename() != fs::path(name)) {
      throw UserError({annotations.string(), line, fmt::format("file \"{}\"", name), "a name without folders"});
    }
    entries.push_back({(folder / "images" / name).string(), label->second, ""});
  }
  return entries;
}

std::vector<Entry> list_test(const fs::path& folder, const Classes& classes) {
  const fs::path annotations = folder / "val" / "val_annotations.txt";
  if (fs::is_regular_file(annotations)) return list_annotated(folder / "val", annotations, classes);
  for (const char* name : {"test", "val"}) {
    if (fs::is_directory(folder / name)) return list_classes(folder / name, classes);
  }
  throw UserError({folder.string(), 0, "no test images", "a folder test/CLASS or val/CLASS"});
}

/// The sizes of all images, judged before memory is taken for them.
ImageSet measure(const std::vector<Entry>& entries, const ImageSet* like) {
  ImageSet set;
  bool grey = true;
  for (const auto& entry : entries) {
    const ImageHeader header = read_image_header(entry.path);
    if (set.labels.empty()) {
      set.width = like ? like->width : header.width;
      set.height = like ? like->height : header.height;
    }
    if (header.width != set.width || header.height != set.height) {
      throw UserError({entry.path, 0, fmt::format("{} x {} pixels", header.width, header.height),
                       fmt::format("{} x {} as in the first training image", set.width, set.height)});
    }
    grey = grey && header.grey;
    set.labels.push_back(entry.label);
  }
  set.channels = like ? like->channels : (grey ? 1 : 3);
  return set;
}

void decode(const std::vector<Entry>& entries, ImageSet& set) {
  const auto image = static_cast<std::size_t>(set.image_bytes());
  set.pixels.resize(image * entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    read_image(entries[i].path, set.channels, set.width, set.height, set.pixels.data() + i * image);
  }
}

std::vector<std::int32_t> number_groups(const std::vector<Entry>& entries) {
  std::map<std::string, std::int32_t> numbers;
  for (const auto& entry : entries) numbers[entry.group] = 0;
  if (numbers.size() < 2) return {};  // Tiny-ImageNet's single "images" is no key
  std::int32_t next = 0;
  for (auto& [name, number] : numbers) number = next++;
  std::vector<std::int32_t> groups;
  for (const auto& entry : entries) groups.push_back(numbers.at(entry.group));
  return groups;
}
}  // namespace

Dataset read_image_folder(const std::string& folder, bool pixels) {
  const fs::path train = fs::path(folder) / "train";
  if (!fs::is_directory(train)) throw UserError({folder, 0, "no folder train", "train/CLASS/FILE"});
  Classes classes;
  for (const auto& path : sorted(train, true)) {
    classes.emplace(path.filename().string(), static_cast<std::int32_t>(classes.size()));
  }
  if (classes.size() < 2) {
    throw UserError(
        {train.string(), 0, fmt::format("{} classes", classes.size()), "at least 2 folders, one per class"});
  }
  const auto train_entries = list_classes(train, classes);
  const auto test_entries = list_test(folder, classes);
  if (train_entries.empty()) throw UserError({train.string(), 0, "no images", "PNG or JPEG files"});
  if (test_entries.empty()) throw UserError({folder, 0, "no test images", "PNG or JPEG files"});

  Dataset data;
  data.classes = static_cast<int>(classes.size());
  data.train_images = measure(train_entries, nullptr);
  data.test_images = measure(test_entries, &data.train_images);
  data.train_images.groups = number_groups(train_entries);
  if (pixels) {
    decode(train_entries, data.train_images);
    decode(test_entries, data.test_images);
  }
  return data;
}

}  // namespace msfusion
