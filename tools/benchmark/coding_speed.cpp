// How fast messages are encoded and decoded on one core, against a copy of the same memory. Prints a line of JSON for
// each encoding: {"encoding": .., "encode_ms": .., "decode_ms": .., "copy_ms": .., "megabytes": ..}
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "sim/base/thread_clock.hpp"
#include "sim/encode/message.hpp"

namespace {

using namespace msfusion;

constexpr std::int64_t kRows = 2500, kColumns = 4000;
constexpr int kRepeats = 7;

/// Median of the thread's own seconds, in milliseconds.
double milliseconds(const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < kRepeats; ++i) {
    const double began = thread_cpu_seconds();
    work();
    times.push_back(1e3 * (thread_cpu_seconds() - began));
  }
  std::nth_element(times.begin(), times.begin() + kRepeats / 2, times.end());
  return times[kRepeats / 2];
}

}  // namespace

int main() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> reference(kRows * kColumns), values(reference.size()), decoded(reference.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    reference[i] = normal(random);
    values[i] = reference[i] + 0.01F * normal(random);
  }
  const double copying =
      milliseconds([&] { std::memcpy(decoded.data(), values.data(), values.size() * sizeof(float)); });
  for (const EncodingRow& row : kEncodings) {
    EncodingOptions options;
    options.kind = row.value;
    std::vector<float> kept;
    const TensorCoding coding{options, {kRows, kColumns, false}, 3, 4, &kept};
    std::vector<std::byte> message(static_cast<std::size_t>(encoded_bytes(options, coding.extent)));
    const double encoding = milliseconds([&] { encode(coding, values.data(), reference.data(), message.data()); });
    const double decoding = milliseconds([&] { decode(coding, message.data(), reference.data(), decoded.data()); });
    fmt::print(
        "{{\"encoding\": \"{}\", \"encode_ms\": {:.2f}, \"decode_ms\": {:.2f}, \"copy_ms\": {:.2f}, "
        "\"megabytes\": {:.3f}}}\n",
        row.name, encoding, decoding, copying, static_cast<double>(message.size()) / 1e6);
  }
}
