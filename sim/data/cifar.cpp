#include "sim/data/cifar.hpp"

#include <fmt/format.h>

#include "sim/data/input_file.hpp"

namespace msfusion {

namespace {
constexpr std::size_t kPixels = 3 * 32 * 32;

std::int32_t checked_label(const InputFile& file, std::uint64_t at, std::uint8_t label, int classes) {
  if (label >= classes) file.fail(at, fmt::format("label {}", label), fmt::format("0 to {}", classes - 1));
  return label;
}
}  // namespace

ImageSet read_cifar(const std::vector<std::string>& files, CifarKind kind, bool pixels) {
  ImageSet set;
  set.channels = 3;
  set.height = set.width = 32;
  const std::size_t labels = kind == CifarKind::cifar10 ? 1 : 2;
  std::vector<std::uint8_t> record(labels + kPixels);
  std::int64_t records_of_first = 0;
  for (const auto& path : files) {
    InputFile file(path);
    const std::int64_t before = set.size();
    for (;;) {
      const std::uint64_t at = file.offset();
      const std::size_t got = file.read_some(record.data(), record.size());
      if (got == 0) break;
      if (got < record.size()) {
        file.fail(file.offset(), fmt::format("the file ends in record {}", set.size() - before),
                  fmt::format("{} bytes a record", record.size()));
      }
      if (kind == CifarKind::cifar10) {
        set.labels.push_back(checked_label(file, at, record[0], 10));
      } else {
        set.groups.push_back(checked_label(file, at, record[0], 20));
        set.labels.push_back(checked_label(file, at + 1, record[1], 100));
      }
      if (pixels)
        set.pixels.insert(set.pixels.end(), record.begin() + static_cast<std::ptrdiff_t>(labels), record.end());
    }
    const std::int64_t records = set.size() - before;
    if (records == 0) file.fail(0, "an empty file", fmt::format("records of {} bytes", record.size()));
    if (before == 0) records_of_first = records;
    if (records != records_of_first) {
      file.fail(file.offset(), fmt::format("the file ends after {} records", records),
                fmt::format("{} as in {}", records_of_first, files.front()));
    }
  }
  set.pixels.shrink_to_fit();
  return set;
}

}  // namespace msfusion
