#include "sim/data/image_folder.hpp"

#include <png.h>
#include <turbojpeg.h>

#include "sim/data/image_file.hpp"
#include "tests/data/data_files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {
/// interleaved: grey or red, green, blue.
Bytes png(int width, int height, bool grey, const Bytes& interleaved) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = grey ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Bytes bytes(100000);
  png_alloc_size_t size = bytes.size();
  REQUIRE(png_image_write_to_memory(&image, bytes.data(), &size, 0, interleaved.data(), 0, nullptr));
  bytes.resize(size);
  return bytes;
}

Bytes jpeg(int width, int height, bool grey, const Bytes& interleaved) {
  tjhandle handle = tjInitCompress();
  unsigned char* out = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(handle, interleaved.data(), width, 0, height, grey ? TJPF_GRAY : TJPF_RGB, &out, &size,
                      grey ? TJSAMP_GRAY : TJSAMP_444, 100, 0) == 0);
  Bytes bytes(out, out + size);
  tjFree(out);
  tjDestroy(handle);
  return bytes;
}

Bytes colour(int width, int height, std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
  Bytes bytes;
  for (int i = 0; i < width * height; ++i) bytes.insert(bytes.end(), {red, green, blue});
  return bytes;
}
}  // namespace

TEST_CASE("a folder of classes: classes by name, files by name, planes red, green, blue") {
  TempFolder folder;
  folder.write("train/dog/b.png", png(2, 1, false, {1, 2, 3, 4, 5, 6}));
  folder.write("train/dog/a.png", png(2, 1, false, {11, 12, 13, 14, 15, 16}));
  folder.write("train/cat/z.PNG", png(2, 1, false, {21, 22, 23, 24, 25, 26}));
  folder.write("train/cat/notes.txt", std::string("not an image"));
  folder.write("test/dog/x.png", png(2, 1, false, {31, 32, 33, 34, 35, 36}));
  const Dataset data = read_image_folder(folder.path(), true);
  CHECK(data.classes == 2);
  CHECK(data.train_images.labels == std::vector<std::int32_t>{0, 1, 1});
  CHECK(data.train_images.channels == 3);
  CHECK(data.train_images.width == 2);
  CHECK(data.train_images.height == 1);
  CHECK(data.train_images.pixels == Bytes{21, 24, 22, 25, 23, 26, 11, 14, 12, 15, 13, 16, 1, 4, 2, 5, 3, 6});
  CHECK(data.test_images.labels == std::vector<std::int32_t>{1});
  CHECK(data.train_images.groups.empty());

  const Dataset labels_only = read_image_folder(folder.path(), false);
  CHECK(labels_only.train_images.pixels.empty());
  CHECK(labels_only.train_images.labels == data.train_images.labels);
  CHECK(labels_only.train_images.channels == 3);
}

TEST_CASE("grey images stay in one channel; a grey one among colours gets three") {
  TempFolder folder;
  folder.write("train/a/1.png", png(2, 1, true, {7, 8}));
  folder.write("train/b/1.png", png(2, 1, true, {9, 10}));
  folder.write("test/a/1.png", png(2, 1, true, {1, 2}));
  CHECK(read_image_folder(folder.path(), true).train_images.pixels == Bytes{7, 8, 9, 10});
  folder.write("train/b/2.png", png(2, 1, false, {1, 2, 3, 4, 5, 6}));
  CHECK(read_image_folder(folder.path(), true).train_images.pixels ==
        Bytes{7, 8, 7, 8, 7, 8, 9, 10, 9, 10, 9, 10, 1, 4, 2, 5, 3, 6});
}

TEST_CASE("JPEG files are read to within their loss, colour and grey") {
  TempFolder folder;
  folder.write("train/a/1.jpeg", jpeg(16, 8, false, colour(16, 8, 200, 100, 50)));
  folder.write("train/b/1.JPEG", jpeg(16, 8, true, Bytes(128, 90)));
  folder.write("val/a/1.jpg", jpeg(16, 8, false, colour(16, 8, 10, 20, 30)));
  const Dataset data = read_image_folder(folder.path(), true);
  CHECK(data.train_images.channels == 3);
  CHECK(data.train_images.height == 8);
  CHECK(data.train_images.width == 16);
  const auto near = [&](std::size_t at, int value) { return std::abs(data.train_images.pixels[at] - value) <= 2; };
  CHECK(near(0, 200));
  CHECK(near(128, 100));
  CHECK(near(256, 50));
  CHECK(near(384, 90));
  CHECK(near(640, 90));
}

TEST_CASE("deeper folders are the natural groups; Tiny-ImageNet's single one is none") {
  TempFolder folder;
  const Bytes image = png(1, 1, true, {5});
  for (const char* name : {"train/a/ann/1.png", "train/a/bob/1.png", "train/b/ann/2.png", "test/a/1.png"}) {
    folder.write(name, image);
  }
  CHECK(read_image_folder(folder.path(), true).train_images.groups == std::vector<std::int32_t>{0, 1, 0});

  TempFolder tiny;
  tiny.write("train/n01/images/n01_0.png", image);
  tiny.write("train/n02/images/n02_0.png", image);
  tiny.write("val/images/val_0.png", image);
  tiny.write("val/images/val_1.png", image);
  tiny.write("val/val_annotations.txt", std::string("val_0.png\tn02\t0\t0\t62\t62\nval_1.png\tn01\t1\t2\t3\t4\n"));
  tiny.write("test/images/test_0.png", image);  // comes without labels
  const Dataset data = read_image_folder(tiny.path(), true);
  CHECK(data.train_images.groups.empty());
  CHECK(data.test_images.labels == std::vector<std::int32_t>{1, 0});
}

TEST_CASE("a folder that cannot be used is refused with the file at fault") {
  TempFolder folder;
  const Bytes image = png(2, 2, true, {1, 2, 3, 4});
  folder.write("train/a/1.png", image);
  folder.write("train/b/1.png", image);
  folder.write("test/a/1.png", image);
  const auto message = [&] { return error_of([&] { read_image_folder(folder.path(), true); }); };
  REQUIRE(message() == "no error");

  SECTION("an image of another size") {
    folder.write("train/b/2.png", png(1, 2, true, {1, 2}));
    CHECK_THAT(message(), ContainsSubstring("train/b/2.png: 1 x 2 pixels; 2 x 2"));
  }
  SECTION("a text with an image's name") {
    folder.write("train/b/2.png", std::string("hello"));
    CHECK_THAT(message(), ContainsSubstring("train/b/2.png: neither a PNG nor a JPEG file"));
  }
  SECTION("a PNG file that is cut off") {
    folder.write("train/b/2.png", Bytes(image.begin(), image.end() - 20));
    CHECK_THAT(message(), ContainsSubstring("train/b/2.png: a damaged PNG file"));
  }
  SECTION("a JPEG file that is cut off") {
    const Bytes whole = jpeg(2, 2, true, {1, 2, 3, 4});
    folder.write("train/b/2.jpg", Bytes(whole.begin(), whole.end() - 10));
    CHECK_THAT(message(), ContainsSubstring("train/b/2.jpg: a damaged JPEG file"));
  }
  SECTION("a test class that training lacks") {
    folder.write("test/c/1.png", image);
    CHECK_THAT(message(), ContainsSubstring("test/c: a class that the training images do not have"));
  }
  SECTION("an annotation that leaves its folder") {
    folder.write("val/val_annotations.txt", std::string("../../etc/x.png\ta\n"));
    CHECK_THAT(message(), ContainsSubstring("val_annotations.txt:1: file \"../../etc/x.png\""));
  }
  SECTION("no test images") {
    std::filesystem::remove_all(folder.path("test"));
    CHECK_THAT(message(), ContainsSubstring("no test images; a folder test/CLASS or val/CLASS"));
  }
}
