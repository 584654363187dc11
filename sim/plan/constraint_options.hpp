// What a scenario says about the devices' limits and about the end of a round, and the words for it.
#pragma once

#include <optional>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

/// constraints: limits of the devices, and when a round closes.
struct ConstraintOptions {
  enum class Memory { fail, exclude, ignore } memory = Memory::fail;
  enum class Close { all, deadline, quorum } close = Close::all;
  double deadline_seconds = 0;
  double quorum = 1;
  std::optional<double> energy_joules;  ///< of a device's training in a round, for split="auto"
  double message_loss = 0;              ///< probability
};

const Vocabulary<ConstraintOptions>& constraint_vocabulary();

}  // namespace msfusion
