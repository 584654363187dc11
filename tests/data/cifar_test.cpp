#include "sim/data/cifar.hpp"

#include "tests/data/data_files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {
/// A record whose red, green and blue planes are constant.
Bytes record(const Bytes& labels, std::uint8_t red) {
  Bytes bytes = labels;
  for (int plane = 0; plane < 3; ++plane) bytes.insert(bytes.end(), 1024, static_cast<std::uint8_t>(red + plane));
  return bytes;
}
Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
}  // namespace

TEST_CASE("CIFAR-10 batches are read one after the other, planes red, green, blue") {
  TempFolder folder;
  const auto first = folder.write("1.bin", record({3}, 10) + record({9}, 20));
  const auto second = folder.write("2.bin", record({0}, 30) + record({1}, 40));
  const ImageSet set = read_cifar({first, second}, CifarKind::cifar10, true);
  CHECK(set.labels == std::vector<std::int32_t>{3, 9, 0, 1});
  CHECK(set.channels == 3);
  CHECK(set.height == 32);
  CHECK(set.width == 32);
  REQUIRE(set.pixels.size() == 4u * 3072u);
  CHECK(set.pixels[0] == 10);
  CHECK(set.pixels[1024] == 11);
  CHECK(set.pixels[3071] == 12);
  CHECK(set.pixels[3 * 3072 + 2048] == 42);
  CHECK(set.groups.empty());
}

TEST_CASE("CIFAR-100's fine label is the class, its coarse label the natural group") {
  TempFolder folder;
  const ImageSet set =
      read_cifar({folder.write("train.bin", record({19, 99}, 1) + record({4, 0}, 2))}, CifarKind::cifar100, true);
  CHECK(set.labels == std::vector<std::int32_t>{99, 0});
  CHECK(set.groups == std::vector<std::int32_t>{19, 4});
  CHECK(set.pixels[3072] == 2);
}

TEST_CASE("a damaged CIFAR file is refused with its byte") {
  TempFolder folder;
  const auto good = folder.write("good.bin", record({3}, 10) + record({9}, 20));
  const auto message = [&](const Bytes& bytes) {
    return error_of([&] { read_cifar({good, folder.write("bad.bin", bytes)}, CifarKind::cifar10, true); });
  };
  Bytes cut = record({1}, 1) + record({2}, 1);
  cut.pop_back();
  CHECK_THAT(message(cut), ContainsSubstring("bad.bin: byte 6145: the file ends in record 1; 3073 bytes a record"));
  CHECK_THAT(message(record({1}, 1)), ContainsSubstring("bad.bin: byte 3073: the file ends after 1 records; 2 as in"));
  CHECK_THAT(message(record({1}, 1) + record({10}, 1)), ContainsSubstring("bad.bin: byte 3073: label 10; 0 to 9"));
  CHECK_THAT(message({}), ContainsSubstring("an empty file"));
  CHECK_THAT(error_of([&] {
               read_cifar({folder.write("c.bin", record({20, 5}, 1))}, CifarKind::cifar100, true);
             }),
             ContainsSubstring("byte 0: label 20; 0 to 19"));
  CHECK_THAT(error_of([&] {
               read_cifar({folder.write("c.bin", record({2, 100}, 1))}, CifarKind::cifar100, true);
             }),
             ContainsSubstring("byte 1: label 100; 0 to 99"));
}
