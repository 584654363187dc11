#include "sim/calibrate/network.hpp"

#include <cmath>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
/// Of a link that is as the model says, and lets 2000 bytes through at once.
std::vector<ProbedTransfer> transfers(const std::vector<std::int64_t>& sizes) {
  std::vector<ProbedTransfer> all;
  for (const double rate : {5e6, 1e8})
    for (const std::int64_t bytes : sizes) {
      const double waits = std::max(0.0, static_cast<double>(bytes) / 0.95 + 80 - 2000);
      all.push_back({rate, bytes, 2000, 3e-4 + waits * 8 / rate});
    }
  return all;
}
}  // namespace

TEST_CASE("a link that is as the model says is found from its transfers, and predicts those of other sizes") {
  const NetworkFit fit = fit_network(transfers({1000, 10000, 1000000}));
  CHECK(fit.bandwidth_factor == Approx(0.95).epsilon(1e-4));
  CHECK(fit.latency_seconds == Approx(3e-4).epsilon(1e-3));
  CHECK(fit.message_bytes == Approx(80).epsilon(0.01));
  CHECK(error_of(transfers({3000, 300000}), fit).worst < 1e-3);
}

TEST_CASE("of a framed network only the latency of a message is fitted, and frames are counted") {
  std::vector<ProbedTransfer> some;
  for (const double rate : {5e6, 1e8})
    for (const std::int64_t bytes : {1000, 3000, 1448000})  // 1, 3 and 1000 frames
      some.push_back(
          {rate, bytes, 0,
           4e-4 + (static_cast<double>(bytes) + 66.0 * std::ceil(static_cast<double>(bytes) / 1448.0)) * 8 / rate});
  const NetworkFit fit = fit_framed_network(some, Framing());
  CHECK(fit.latency_seconds == Approx(4e-4));
  CHECK(error_of(some, fit).worst < 1e-9);
}

TEST_CASE("one transfer that a busy machine held up does not spoil the fit, and is named as the worst") {
  std::vector<ProbedTransfer> some = transfers({1000, 10000, 100000, 1000000});
  some[2].seconds *= 1.5;
  const NetworkFit fit = fit_network(some);
  CHECK(fit.bandwidth_factor == Approx(0.95).epsilon(0.02));
  const NetworkError error = error_of(some, fit);
  CHECK(error.transfers == 8);
  CHECK(error.worst_transfer == 2);
  CHECK(error.worst == Approx(1.0 / 3).epsilon(0.05));
  CHECK(error.median < 0.02);
}
