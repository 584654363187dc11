// Values in and out of a message; messages are little-endian, as the machines are that LibTorch runs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace msfusion {

/// Writes the value and moves on.
template <class T>
void put(std::byte*& message, T value) {
  std::memcpy(message, &value, sizeof value);
  message += sizeof value;
}

/// Reads a value and moves on.
template <class T>
T get(const std::byte*& message) {
  T value;
  std::memcpy(&value, message, sizeof value);
  message += sizeof value;
  return value;
}

constexpr std::int64_t ceil_divide(std::int64_t value, std::int64_t by) {
  return (value + by - 1) / by;
}

}  // namespace msfusion
