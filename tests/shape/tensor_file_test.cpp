#include "sim/shape/tensor_file.hpp"

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

TensorFile example() {
  return {{{"scenario", "mine"}, {"round", "3"}}, {{"b.weight", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"a.bias", {1}, {-0.5F}}}};
}

std::string with_header(const std::string& header, const std::string& data = std::string(8, '\0')) {
  return std::string(1, static_cast<char>(header.size())) + std::string(7, '\0') + header + data;
}

std::string mistake_in(const std::string& bytes) {
  try {
    parse_safetensors(bytes, "x.safetensors");
  } catch (const UserError& error) {
    return error.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("a model file reads back as it was written") {
  const TensorFile file = parse_safetensors(to_safetensors(example()), "x");
  CHECK(file.metadata == example().metadata);
  REQUIRE(file.tensors.size() == 2);
  CHECK(file.tensors[0].name == "b.weight");
  CHECK(file.tensors[0].sizes == std::vector<std::int64_t>{2, 3});
  CHECK(file.tensors[0].values == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(file.tensors[1].values == std::vector<float>{-0.5F});
}

TEST_CASE("a model file's data begins at a multiple of 8 bytes") {
  TensorFile file = example();
  for (int i = 0; i < 8; ++i) {
    file.metadata["note"] += "x";
    const std::string bytes = to_safetensors(file);
    CHECK((bytes.size() - 7 * sizeof(float)) % 8 == 0);
  }
}

TEST_CASE("a damaged model file is refused with the place of the damage") {
  const std::string whole = to_safetensors(example());
  for (std::size_t length = 0; length < whole.size(); ++length) CHECK(mistake_in(whole.substr(0, length)) != "none");
  CHECK_THAT(mistake_in("abc"), ContainsSubstring("byte 3: the file ends"));
  CHECK_THAT(mistake_in(std::string(16, '\xff')), ContainsSubstring("byte 0: a header of 18446744073709551615 bytes"));
  CHECK_THAT(mistake_in(with_header("[1]")), ContainsSubstring("byte 8: the header is not a JSON object"));
  CHECK_THAT(mistake_in(with_header(R"({"w":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}})")),
             ContainsSubstring("tensor \"w\" is of type F16; a safetensors file of 32-bit floats"));
  CHECK_THAT(mistake_in(with_header(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}})")),
             ContainsSubstring("lies outside the file's 8 bytes"));
  CHECK_THAT(mistake_in(with_header(R"({"w":{"dtype":"F32","shape":[4294967296,4294967297],"data_offsets":[0,8]}})")),
             ContainsSubstring("which its shape does not"));
  CHECK_THAT(mistake_in(with_header(R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})")),
             ContainsSubstring("not a list of whole numbers"));
  CHECK_THAT(mistake_in(with_header(R"({"__metadata__":{"round":3}})")), ContainsSubstring("\"round\" is not a text"));
}
