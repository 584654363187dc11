#include "tests/encode/coded.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

constexpr std::size_t kRows = 40, kColumns = 60;

/// A matrix of this rank.
Values product_of(std::size_t rank, unsigned seed) {
  const Values left = normals(kRows * rank, seed), right = normals(kColumns * rank, seed + 1);
  Values matrix(kRows * kColumns, 0.0F);
  for (std::size_t i = 0; i < kRows; ++i)
    for (std::size_t j = 0; j < kColumns; ++j)
      for (std::size_t k = 0; k < rank; ++k) matrix[i * kColumns + j] += left[i * rank + k] * right[j * rank + k];
  return matrix;
}

EncodingOptions powersgd(int rank) {
  EncodingOptions options = encoding(EncodingKind::powersgd);
  options.rank = rank;
  return options;
}

/// The share of the update that is left out, message after message.
std::vector<double> errors(const EncodingOptions& options, const Values& update, int messages, bool keep) {
  const Values reference = normals(update.size(), 30), values = plus(reference, update);
  std::vector<float> kept;
  std::vector<double> result;
  for (int m = 0; m < messages; ++m) {
    const TensorCoding coding{
        options, {kRows, kColumns, false}, static_cast<std::uint64_t>(m), 0, keep ? &kept : nullptr};
    result.push_back(norm(plus(values, received(coding, values, reference), -1)) / norm(update));
  }
  return result;
}

}  // namespace

TEST_CASE("PowerSGD is exact where the update's rank is not larger") {
  REQUIRE(errors(powersgd(2), product_of(1, 20), 2, true).back() < 1e-5);
  REQUIRE(errors(powersgd(2), product_of(2, 21), 2, true).back() < 1e-5);
  REQUIRE(errors(powersgd(2), product_of(3, 22), 2, true).back() > 1e-2);
}

TEST_CASE("PowerSGD's warm start comes nearer from message to message") {
  const Values update = plus(product_of(3, 23), normals(kRows * kColumns, 24, 0.1F));
  const std::vector<double> warm = errors(powersgd(2), update, 12, true), cold = errors(powersgd(2), update, 12, false);
  REQUIRE(warm.front() == cold.front());
  REQUIRE(warm.back() < warm.front());
  REQUIRE(warm.back() < *std::min_element(cold.begin(), cold.end()) + 1e-6);
}

TEST_CASE("PowerSGD finds directions again after an update that has none") {
  std::vector<float> kept;
  const TensorCoding coding{powersgd(2), {kRows, kColumns, false}, 3, 0, &kept};
  const Values zeros(kRows * kColumns, 0.0F), update = product_of(2, 25);
  REQUIRE(received(coding, zeros, zeros) == zeros);
  REQUIRE(norm(plus(received(coding, update, zeros), update, -1)) < 1e-4 * norm(update));
}
