// The bytes of messages, by hand.
#include "sim/shape/models.hpp"
#include "tests/encode/coded.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

std::int64_t bytes(EncodingOptions options, std::int64_t rows, std::int64_t columns, bool is_vector = false) {
  return encoded_bytes(options, {rows, columns, is_vector});
}

}  // namespace

TEST_CASE("bytes of a tensor, by hand") {
  EncodingOptions topk = encoding(EncodingKind::topk), qsgd = encoding(EncodingKind::qsgd);
  REQUIRE(bytes(encoding(EncodingKind::none), 10, 101) == 4040);
  REQUIRE(bytes(encoding(EncodingKind::fp16), 10, 101) == 2020);
  REQUIRE(bytes(encoding(EncodingKind::bf16), 10, 101) == 2020);
  REQUIRE(bytes(encoding(EncodingKind::int8), 10, 101) == 1010 + 8);
  REQUIRE(bytes(qsgd, 10, 101) == 505 + 2 * 4);  // buckets of 512 and 498 elements
  qsgd.bits = 3;
  qsgd.bucket = 0;
  REQUIRE(bytes(qsgd, 10, 101) == 379 + 4);      // 3030 bits
  REQUIRE(bytes(topk, 10, 101) == 11 * 4 + 44);  // ceil(10.1) values, 32 bits a position
  topk.ratio = 0.5;
  REQUIRE(bytes(topk, 10, 101) == 505 * 4 + 127);  // a bit for each of 1010 elements
  topk.ratio = 1;
  REQUIRE(bytes(topk, 10, 101) == 4040);
  REQUIRE(bytes(encoding(EncodingKind::randomk), 10, 101) == 44);
  REQUIRE(bytes(encoding(EncodingKind::sign), 10, 101) == 127 + 4);
  REQUIRE(bytes(encoding(EncodingKind::powersgd), 10, 101) == 4 * 2 * 111);
  REQUIRE(bytes(encoding(EncodingKind::powersgd), 4, 101) == 1616);  // 404 elements, not more than 2 R (a + b)
}

TEST_CASE("tensors with one dimension travel as floats, but for 16-bit values") {
  for (const EncodingRow& row : kEncodings) {
    INFO(row.name);
    const bool halves = row.value == EncodingKind::fp16 || row.value == EncodingKind::bf16;
    REQUIRE(bytes(encoding(row.value), 1000, 1, true) == (halves ? 2000 : 4000));
  }
}

TEST_CASE("a message has exactly the bytes that are charged") {
  for (const EncodingRow& row : kEncodings)
    for (const std::size_t count : {1U, 7U, 64U, 1023U, 5000U}) {
      for (const int bits : {2, 3, 4, 5, 8}) {
        EncodingOptions options = encoding(row.value);
        options.bits = bits;
        options.ratio = 0.3;
        options.rank = 1;
        const Values values = normals(count, 1), reference = normals(count, 2);
        const TensorCoding coding{options, extent_of(values), 1, 2, nullptr};
        const auto size = static_cast<std::size_t>(encoded_bytes(options, coding.extent));
        INFO(row.name << ", " << count << " elements, " << bits << " bits");
        std::vector<std::byte> once(size + 8, std::byte{0xa5}), again(size + 8, std::byte{0x5a});
        encode(coding, values.data(), reference.data(), once.data());
        encode(coding, values.data(), reference.data(), again.data());
        for (std::size_t i = 0; i < size; ++i) REQUIRE(once[i] == again[i]);  // each is written
        for (std::size_t i = size; i < size + 8; ++i) REQUIRE(once[i] == std::byte{0xa5});
      }
    }
}

TEST_CASE("PowerSGD's ratios on the ResNet-18 of its paper") {
  // Outputs and inputs of the 3x3 convolutions, those of the shortcuts, the classifier; 9,610 elements of vectors.
  std::vector<TensorExtent> extents = {{64, 27, false}, {10, 512, false}, {9610, 1, true}};
  for (const std::int64_t width : {64, 128, 256, 512}) {
    const bool first = width == 64;
    for (int i = first ? 0 : 1; i < 4; ++i) extents.push_back({width, 9 * width, false});
    if (first) continue;
    extents.push_back({width, 9 * width / 2, false});
    extents.push_back({width, width / 2, false});
  }
  std::int64_t parameters = 0;
  for (const TensorExtent& extent : extents) parameters += extent.elements();
  REQUIRE(parameters == 11'173'962);
  for (const auto& [rank, ratio] : {std::pair(1, 243), std::pair(2, 136), std::pair(4, 72)}) {
    EncodingOptions options = encoding(EncodingKind::powersgd);
    options.rank = rank;
    std::int64_t sum = 0;
    for (const TensorExtent& extent : extents) sum += encoded_bytes(options, extent);
    REQUIRE(std::lround(4.0 * static_cast<double>(parameters) / static_cast<double>(sum)) == ratio);
  }
}

TEST_CASE("a slice's message is that of its tensors") {
  const Shape shape = build_shape(MlpOptions{{20, 12}}, {InputKind::image, 1, 4, 4, 10});
  WidthSlice half;
  for (const Axis& axis : shape.axes) half.axes.push_back(IndexSet::window(1, axis.units / 2, axis.units));
  // Weights 10 x 16, 6 x 10, 10 x 6 and the biases.
  REQUIRE(message_bytes(encoding(EncodingKind::none), shape, half) == 4 * (160 + 60 + 60 + 26));
  REQUIRE(message_bytes(encoding(EncodingKind::fp16), shape, half) == 2 * (160 + 60 + 60 + 26));
  REQUIRE(message_bytes(encoding(EncodingKind::int8), shape, half) == 160 + 60 + 60 + 3 * 8 + 4 * 26);
  REQUIRE(fed_back_elements(encoding(EncodingKind::sign), shape, half) == 280);
  REQUIRE(fed_back_elements(encoding(EncodingKind::int8), shape, half) == 0);
}

TEST_CASE("a message cut to some elements decodes to the values of the whole one") {
  for (const EncodingRow& row : kEncodings) {
    if (!row.of_values) continue;
    const EncodingOptions options = encoding(row.value);
    const Values values = normals(300, 3);
    const TensorCoding whole{options, {20, 15, false}, 1, 2, nullptr};
    const std::vector<std::byte> message = message_of(whole, values, values);
    const Values all = received(whole, values, values);
    for (const std::vector<std::int64_t>& elements :
         {std::vector<std::int64_t>{7}, {299, 0, 150}, {3, 4, 5, 6, 7, 8, 9, 10, 11}}) {
      const TensorCoding part{options, {1, static_cast<std::int64_t>(elements.size()), false}, 0, 0, nullptr};
      std::vector<std::byte> bytes(static_cast<std::size_t>(encoded_bytes(options, part.extent)));
      cut(options, whole.extent, message.data(), elements, bytes.data());
      Values decoded(elements.size());
      decode(part, bytes.data(), nullptr, decoded.data());
      INFO(row.name);
      for (std::size_t i = 0; i < elements.size(); ++i)
        REQUIRE(decoded[i] == all[static_cast<std::size_t>(elements[i])]);
    }
  }
}
