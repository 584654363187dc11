#include "sim/data/idx.hpp"

#include "tests/data/data_files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {
const Bytes kPixels = {0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15};  // two images of 2 rows x 3 columns
const Bytes kLabels = {7, 0};
}  // namespace

TEST_CASE("IDX files are read plain and compressed, to the same images") {
  TempFolder folder;
  const IdxFiles plain{folder.write("i", idx_images(2, 2, 3, kPixels)), folder.write("l", idx_labels(kLabels))};
  const IdxFiles gzip{folder.write_gzip("i.gz", idx_images(2, 2, 3, kPixels)),
                      folder.write_gzip("l.gz", idx_labels(kLabels))};
  for (const auto& files : {plain, gzip}) {
    const ImageSet set = read_idx(files, {});
    CHECK(set.channels == 1);
    CHECK(set.height == 2);
    CHECK(set.width == 3);
    CHECK(set.pixels == kPixels);
    CHECK(set.labels == std::vector<std::int32_t>{7, 0});
  }
}

TEST_CASE("EMNIST's images are turned upright and its letters start at class 0") {
  TempFolder folder;
  IdxRules rules;
  rules.transposed = true;
  rules.first_label = 1;
  rules.classes = 26;
  const ImageSet set =
      read_idx({folder.write("i", idx_images(2, 2, 3, kPixels)), folder.write("l", idx_labels({1, 26}))}, rules);
  CHECK(set.height == 3);
  CHECK(set.width == 2);
  CHECK(set.pixels == Bytes{0, 3, 1, 4, 2, 5, 10, 13, 11, 14, 12, 15});
  CHECK(set.labels == std::vector<std::int32_t>{0, 25});
}

TEST_CASE("for cost only the pixels of an IDX file are not read") {
  TempFolder folder;
  IdxRules rules;
  rules.pixels = false;
  const ImageSet set =
      read_idx({folder.write("i", idx_images(2, 2, 3, kPixels)), folder.write("l", idx_labels(kLabels))}, rules);
  CHECK(set.pixels.empty());
  CHECK(set.size() == 2);
  CHECK(set.image_bytes() == 6);
}

TEST_CASE("a damaged IDX file is refused with its name, byte and what is allowed") {
  TempFolder folder;
  const std::string images = folder.write("images", idx_images(2, 2, 3, kPixels));
  const std::string labels = folder.write("labels", idx_labels(kLabels));
  const auto message_for_images = [&](const Bytes& bytes) {
    return error_of([&] { read_idx({folder.write("bad", bytes), labels}, {}); });
  };
  const auto message_for_labels = [&](const Bytes& bytes) {
    return error_of([&] { read_idx({images, folder.write("bad", bytes)}, {}); });
  };

  SECTION("a wrong magic number") {
    Bytes bytes = idx_images(2, 2, 3, kPixels);
    bytes[2] = 0x0d;
    CHECK_THAT(message_for_images(bytes), ContainsSubstring("bad: byte 0: magic number 0x00000d03; 0x00000803"));
  }
  SECTION("labels where images should be") {
    CHECK_THAT(message_for_images(idx_labels(kLabels)), ContainsSubstring("byte 0: magic number 0x00000801"));
  }
  SECTION("a truncated file") {
    Bytes bytes = idx_images(2, 2, 3, kPixels);
    bytes.pop_back();
    CHECK_THAT(message_for_images(bytes), ContainsSubstring("byte 16") && ContainsSubstring("12 bytes"));
  }
  SECTION("a header that is cut off") {
    CHECK_THAT(message_for_images({0, 0, 8, 3, 0}),
               ContainsSubstring("byte 5: the file ends here; 3 more bytes of images"));
  }
  SECTION("an empty file") {
    CHECK_THAT(message_for_images({}), ContainsSubstring("byte 0: the file ends here"));
  }
  SECTION("bytes after the last image") {
    Bytes bytes = idx_images(2, 2, 3, kPixels);
    bytes.push_back(0);
    CHECK_THAT(message_for_images(bytes), ContainsSubstring("byte 28: more bytes than the header promises"));
  }
  SECTION("2^31 images") {
    CHECK_THAT(message_for_images(idx_images(0x80000000u, 28, 28, {})), ContainsSubstring("byte 4: 2147483648 images"));
  }
  SECTION("2^31 - 1 images of the largest size, before any memory is taken") {
    CHECK_THAT(message_for_images(idx_images(0x7fffffffu, 4096, 4096, {})),
               ContainsSubstring("byte 16: the header promises"));
  }
  SECTION("no images") {
    CHECK_THAT(message_for_images(idx_images(0, 2, 3, {})), ContainsSubstring("byte 4: 0 images"));
  }
  SECTION("images without rows") {
    CHECK_THAT(message_for_images(idx_images(2, 0, 3, {})), ContainsSubstring("byte 8: 0 rows; 1 to 4096"));
  }
  SECTION("images that are too wide") {
    CHECK_THAT(message_for_images(idx_images(2, 2, 0xffffffffu, {})), ContainsSubstring("byte 12: 4294967295 columns"));
  }
  SECTION("a label out of range") {
    CHECK_THAT(message_for_labels(idx_labels({7, 10})), ContainsSubstring("bad: byte 9: label 10; 0 to 9"));
  }
  SECTION("another number of labels than of images") {
    CHECK_THAT(message_for_labels(idx_labels({7, 1, 2})),
               ContainsSubstring("byte 4: 3 labels; 2 as in") && ContainsSubstring("images"));
  }
  SECTION("labels that are cut off") {
    Bytes bytes = idx_labels(kLabels);
    bytes.pop_back();
    CHECK_THAT(message_for_labels(bytes), ContainsSubstring("byte 8: the header promises 2 bytes of labels"));
  }
  SECTION("a file that is not there") {
    CHECK_THAT(error_of([&] {
                 read_idx({folder.path("none"), labels}, {});
               }),
               ContainsSubstring("none: there is no such file"));
  }
  SECTION("a folder in place of a file") {
    CHECK_THAT(error_of([&] { read_idx({folder.path(), labels}, {}); }), ContainsSubstring("not a regular file"));
  }
}

TEST_CASE("a damaged gzip stream is refused") {
  TempFolder folder;
  const std::string labels = folder.write("labels", idx_labels(Bytes(100, 3)));
  Bytes pixels;
  std::uint32_t state = 1;  // bytes that do not compress, so that a cut lies within the pixels
  for (int i = 0; i < 100 * 100; ++i)
    pixels.push_back(static_cast<std::uint8_t>((state = state * 1664525u + 1013904223u) >> 24));
  const std::string gzip = folder.write_gzip("i.gz", idx_images(100, 10, 10, pixels));
  std::ifstream in(gzip, std::ios::binary);
  const Bytes whole{std::istreambuf_iterator<char>(in), {}};
  REQUIRE(read_idx({gzip, labels}, {}).size() == 100);

  SECTION("cut off") {
    const Bytes half(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2));
    CHECK_THAT(error_of([&] {
                 read_idx({folder.write("half.gz", half), labels}, {});
               }),
               ContainsSubstring("half.gz: byte") && ContainsSubstring("gzip stream ends"));
  }
  SECTION("with a wrong checksum") {
    Bytes altered = whole;
    altered[altered.size() - 6] ^= 0xff;
    CHECK_THAT(error_of([&] {
                 read_idx({folder.write("altered.gz", altered), labels}, {});
               }),
               ContainsSubstring("altered.gz: byte") && ContainsSubstring("damaged"));
  }
}
