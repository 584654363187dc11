// NumPy's files: what NumPy writes is read, what lies about itself is refused with the byte.
#include "sim/data/number_file.hpp"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "sim/base/error.hpp"
#include "sim/data/array_set.hpp"
#include "sim/data/subset.hpp"
#include "tests/data/data_files.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

/// An array of these bytes.
NumberArray array_of(std::vector<std::uint8_t> bytes) {
  return {SharedBytes(std::move(bytes)), "a.npy"};
}

/// As NumPy's format description says: mark, version 1.0, length, dictionary padded to 64 bytes, elements.
std::vector<std::uint8_t> npy(const std::string& type, const std::string& shape,
                              const std::vector<std::uint8_t>& data) {
  std::string header = "{'descr': '" + type + "', 'fortran_order': False, 'shape': (" + shape + "), }";
  while ((10 + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  std::string all = std::string("\x93NUMPY\x01", 7) + '\0' + static_cast<char>(header.size() & 255) +
                    static_cast<char>(header.size() >> 8) + header;
  std::vector<std::uint8_t> bytes(all.begin(), all.end());
  bytes.insert(bytes.end(), data.begin(), data.end());
  return bytes;
}

template <class T>
std::vector<std::uint8_t> bytes_of(const std::vector<T>& values) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string mistake_of(std::vector<std::uint8_t> bytes) {
  try {
    array_of(std::move(bytes));
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

/// Memory of this process that no file stands for.
std::int64_t own_kilobytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind("RssAnon:", 0) == 0) return std::stoll(line.substr(8));
  return -1;
}

}  // namespace

TEST_CASE("an array has the numbers that were written") {
  const NumberArray doubles = array_of(npy("<f8", "2, 3", bytes_of<double>({1.5, -2, 3, 4, 5, 1e300})));
  CHECK(doubles.shape() == std::vector<std::int64_t>{2, 3});
  CHECK(doubles.number(0) == 1.5);
  CHECK(doubles.number(5) == 1e300);
  CHECK_FALSE(doubles.is_whole());
  // Half precision by IEEE 754: 1, -2, 65504, the smallest subnormal.
  const NumberArray halves = array_of(npy("<f2", "4,", bytes_of<std::uint16_t>({0x3c00, 0xc000, 0x7bff, 0x0001})));
  CHECK(halves.number(0) == 1);
  CHECK(halves.number(1) == -2);
  CHECK(halves.number(2) == 65504);
  CHECK(halves.number(3) == std::ldexp(1, -24));
  const NumberArray whole = array_of(npy("<i2", "3,", bytes_of<std::int16_t>({-5, 0, 300})));
  CHECK(whole.whole(0) == -5);
  CHECK(whole.whole(2) == 300);
  CHECK(array_of(npy("|u1", "", {7})).whole(0) == 7);
}

TEST_CASE("a header that lies or is not understood is refused with its byte") {
  CHECK_THAT(mistake_of({'P', 'K', 3, 4, 0, 0, 0, 0, 0, 0}), StartsWith("a.npy: byte 0: not NumPy's mark"));
  CHECK_THAT(mistake_of(npy("<f8", "3, 3", bytes_of<double>({1}))),
             ContainsSubstring("8 bytes of data for 9 elements of 8"));
  CHECK_THAT(mistake_of(npy("<f8", "99999999999999999999", {})), ContainsSubstring("its shape is too large"));
  CHECK_THAT(mistake_of(npy("<f8", "1048576, 1048576, 1048576", {})), ContainsSubstring("its shape is too large"));
  CHECK_THAT(mistake_of(npy(">f8", "1,", bytes_of<double>({1}))), ContainsSubstring("elements of the type \">f8\""));
  CHECK_THAT(mistake_of(npy("|O", "1,", {0})), ContainsSubstring("elements of the type \"|O\""));
  CHECK_THAT(mistake_of(npy("<f8", "-1,", {})), ContainsSubstring("no list of whole numbers"));
  std::vector<std::uint8_t> cut = npy("<f8", "1,", {});
  cut.resize(30);
  CHECK_THAT(mistake_of(cut), StartsWith("a.npy: byte 8: a header of "));
}

TEST_CASE("a folder of arrays is a data set, with its clients as groups and its columns as channels") {
  const TempFolder folder;
  const auto write = [&](const std::string& name, const std::vector<std::uint8_t>& bytes) {
    folder.write(name + ".npy", bytes);
  };
  write("x_train", npy("<f4", "3, 2", bytes_of<float>({1, 1001, 2, 1002, 3, 1003})));
  write("y_train", npy("<i8", "3,", bytes_of<std::int64_t>({0, 2, 1})));
  write("client_train", npy("<i4", "3,", bytes_of<std::int32_t>({40, -7, 40})));
  write("x_test", npy("<f4", "1, 2", bytes_of<float>({4, 1004})));
  write("y_test", npy("|u1", "1,", {2}));
  Dataset data = read_array_set(folder.path(), true);
  CHECK(data.classes == 3);
  CHECK(data.train_images.channels == 2);
  CHECK(data.train_images.height == 1);
  CHECK(data.train_images.groups == std::vector<std::int32_t>{1, 0, 1});
  const float* value = data.train_images.value_data();
  CHECK(std::vector<float>(value, value + 6) == std::vector<float>{1, 1001, 2, 1002, 3, 1003});
  measure_channels(data);
  CHECK(data.channel_mean == std::vector<float>{2, 1002});
  CHECK(data.channel_std[1] == Approx(std::sqrt(2.0 / 3)));
  keep_train_samples(data, 2, 1);
  REQUIRE(data.train_images.values.size() == 4);
  CHECK(data.train_images.values[1] == data.train_images.values[0] + 1000);
  CHECK_FALSE(read_array_set(folder.path(), false).train_images.is_loaded());

  // Channels last are put first: two pixels of three channels.
  write("x_train", npy("|u1", "1, 2, 1, 3", {1, 2, 3, 4, 5, 6}));
  write("x_test", npy("|u1", "1, 2, 1, 3", {1, 2, 3, 4, 5, 6}));
  write("y_train", npy("|u1", "1,", {0}));
  std::filesystem::remove(folder.path("client_train.npy"));
  CHECK(read_array_set(folder.path(), true).train_images.pixels == std::vector<std::uint8_t>{1, 4, 2, 5, 3, 6});

  write("y_train", npy("<f8", "1,", bytes_of<double>({0.5})));
  CHECK_THROWS_WITH(read_array_set(folder.path(), true), ContainsSubstring("1 whole numbers, one a sample"));
  write("y_train", npy("<i8", "1,", bytes_of<std::int64_t>({-1})));
  CHECK_THROWS_WITH(read_array_set(folder.path(), true), ContainsSubstring("y_train.npy: element 0: class -1"));
  write("y_train", npy("|u1", "1,", {0}));
  write("x_test", npy("<f4", "1, 3", bytes_of<float>({1, 2, NAN})));
  CHECK_THROWS_WITH(read_array_set(folder.path(), true), ContainsSubstring("x_test.npy: element 2: nan"));
  std::filesystem::remove(folder.path("x_test.npy"));
  CHECK_THROWS_WITH(read_array_set(folder.path(), true), ContainsSubstring("no arrays x and y of the test split"));
}

TEST_CASE("arrays that training can read as they lie take no memory of their own") {
  const TempFolder folder;
  constexpr std::size_t kBytes = 64u << 20;
  const auto write = [&](const std::string& name, const std::vector<std::uint8_t>& bytes) {
    folder.write(name + ".npy", bytes);
  };
  for (const std::string part : {"train", "test"}) write("y_" + part, npy("|u1", "64,", std::vector<std::uint8_t>(64)));
  for (const auto& [type, shape] : {std::pair("|u1", "64, 1024, 1024"), std::pair("<f4", "64, 512, 512")}) {
    for (const std::string part : {"train", "test"})
      write("x_" + part, npy(type, shape, std::vector<std::uint8_t>(kBytes, 0x3f)));
    const std::int64_t before = own_kilobytes();
    Dataset data = read_array_set(folder.path(), true);
    measure_channels(data);
    INFO(type);
    CHECK(own_kilobytes() - before < 4'000);
    CHECK(data.channel_std.front() == Approx(0).margin(1e-6));
    // A copy of what is kept, and nothing of the rest.
    keep_train_samples(data, 1, 1);
    CHECK(data.train_images.held.empty());
    CHECK(data.train_images.pixels.size() + data.train_images.values.size() * 4 == kBytes / 64);
  }
}
