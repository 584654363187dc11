// Every random draw of a run comes from a seed derived here, so that no draw depends on another's order.
#pragma once

#include <cstdint>

namespace msfusion {

/// What a stream of random numbers is used for; two purposes never share a stream.
/// The numbers are part of every recorded result: append, never renumber.
enum class Purpose : std::uint32_t {
  initial_parameters = 1,
  partition = 2,
  batch_order = 3,
  subset = 4,
  cohort = 5,
  rates = 6,
  peer_graph = 7,
  dropout = 8,
  augmentation = 9,
  synthetic_data = 10,
  churn = 11,
  message_loss = 12,
  subsample = 13,
  platform = 14,
  encoding = 15,
  shared_positions = 16,
  privacy = 17,
  uncertainty = 20,
  widths = 21,
  speed_variation = 22,
  test_parts = 31,
};

/// A 64-bit seed that depends on all four values (SplitMix64 finaliser over each in turn).
std::uint64_t derive_seed(std::uint64_t run_seed, Purpose purpose, std::uint64_t node = 0, std::uint64_t round = 0);

}  // namespace msfusion
