#include "sim/data/idx.hpp"

#include <fmt/format.h>

#include <limits>

#include "sim/data/input_file.hpp"

namespace msfusion {

namespace {
constexpr std::uint32_t kImagesMagic = 0x00000803, kLabelsMagic = 0x00000801;
constexpr std::uint32_t kMaxSide = 4096;

void expect_magic(InputFile& file, std::uint32_t magic) {
  const std::uint32_t found = file.read_big_endian("the magic number");
  if (found != magic) {
    file.fail(0, fmt::format("magic number 0x{:08x}", found), fmt::format("0x{:08x} (IDX, unsigned bytes)", magic));
  }
}

std::uint32_t read_number(InputFile& file, const char* what, std::uint32_t most) {
  const std::uint64_t at = file.offset();
  const std::uint32_t number = file.read_big_endian(what);
  if (number == 0 || number > most) file.fail(at, fmt::format("{} {}", number, what), fmt::format("1 to {}", most));
  return number;
}

void transpose_each(ImageSet& set) {
  std::vector<std::uint8_t> turned(set.pixels.size());
  const auto rows = static_cast<std::size_t>(set.height), columns = static_cast<std::size_t>(set.width);
  const std::size_t area = rows * columns;
  for (std::size_t begin = 0; begin < turned.size(); begin += area) {
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        turned[begin + c * rows + r] = set.pixels[begin + r * columns + c];
      }
    }
  }
  set.pixels = std::move(turned);
  std::swap(set.height, set.width);
}
}  // namespace

ImageSet read_idx(const IdxFiles& files, const IdxRules& rules) {
  // Samples are numbered with 32 bits, and one file of the format's largest known set has 0.7 million.
  constexpr auto kMaxCount = static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
  ImageSet set;
  set.channels = 1;
  std::uint32_t count = 0;
  {
    InputFile file(files.images);
    expect_magic(file, kImagesMagic);
    count = read_number(file, "images", kMaxCount);
    set.height = static_cast<int>(read_number(file, "rows", kMaxSide));
    set.width = static_cast<int>(read_number(file, "columns", kMaxSide));
    const std::uint64_t bytes = std::uint64_t{count} * static_cast<std::uint64_t>(set.image_bytes());
    file.expect_possible(bytes, "pixels");
    if (rules.pixels) {
      set.pixels = file.read_bytes(bytes, "pixels");
      file.expect_end();
    }
  }
  InputFile file(files.labels);
  expect_magic(file, kLabelsMagic);
  const std::uint32_t labels = read_number(file, "labels", kMaxCount);
  if (labels != count) file.fail(4, fmt::format("{} labels", labels), fmt::format("{} as in {}", count, files.images));
  const std::vector<std::uint8_t> bytes = file.read_bytes(labels, "labels");
  file.expect_end();
  set.labels.reserve(labels);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int label = bytes[i] - rules.first_label;
    if (label < 0 || label >= rules.classes) {
      file.fail(8 + i, fmt::format("label {}", bytes[i]),
                fmt::format("{} to {}", rules.first_label, rules.first_label + rules.classes - 1));
    }
    set.labels.push_back(label);
  }
  if (rules.transposed) transpose_each(set);
  return set;
}

}  // namespace msfusion
