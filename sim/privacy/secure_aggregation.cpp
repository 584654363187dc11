#include "sim/privacy/secure_aggregation.hpp"

#include <algorithm>
#include <cmath>

namespace msfusion {

namespace {

constexpr double kKeyBytes = 32, kShareBytes = 32;  // Curve25519; a share of a 256-bit secret

// Of the largest sum: the least b with 2^b >= n (levels - 1) + 1.
int bits_of_sum(std::int64_t levels, int devices) {
  const std::int64_t largest = devices * (levels - 1);
  int bits = 0;
  while ((std::int64_t{1} << bits) < largest + 1) ++bits;
  return bits;
}

}  // namespace

SecureGroup::SecureGroup(const SecureAggregation& options, int devices, double elements)
    : options_(options),
      devices_(devices),
      neighbours_(static_cast<int>(std::min<std::int64_t>(options.neighbours.value_or(devices - 1), devices - 1))),
      bits_(bits_of_sum(options.levels, devices)),
      elements_(elements) {}

int SecureGroup::needed() const {
  // Of each device's neighbourhood; devices are lost evenly, so as large a part of the group.
  constexpr double kRounding = 1e-9;
  const double holders = neighbours_ + 1;
  const double of_holders = std::ceil(options_.threshold * holders - kRounding);
  return std::max(2, static_cast<int>(std::ceil(of_holders * devices_ / holders - kRounding)));
}

double SecureGroup::keys_up() const {
  return 2 * kKeyBytes;
}
double SecureGroup::keys_down() const {
  return 2 * kKeyBytes * neighbours_;
}
double SecureGroup::shares_up() const {
  return 2 * kShareBytes * neighbours_;
}
double SecureGroup::shares_down() const {
  return 2 * kShareBytes * neighbours_;
}
double SecureGroup::masked_up() const {
  constexpr double kBitsInByte = 8;
  return std::ceil(elements_ * bits_ / kBitsInByte);
}
double SecureGroup::answer_up() const {
  return kShareBytes * (neighbours_ + 1);
}

double SecureGroup::agreeing_seconds() const {
  return 2 * neighbours_ * options_.agreement_seconds + 2 * options_.sharing_seconds;
}
double SecureGroup::masking_seconds() const {
  return (neighbours_ + 1) * elements_ * options_.mask_seconds;
}
double SecureGroup::unmasking_seconds() const {
  return devices_ * (options_.sharing_seconds + elements_ * options_.mask_seconds);
}
double SecureGroup::more_seconds_for_missing() const {
  return (neighbours_ - 1) * elements_ * options_.mask_seconds;
}

}  // namespace msfusion
