// Real TCP transfers through a link of known rate.
#pragma once

#include <cstdint>
#include <vector>

namespace msfusion {

struct ProbedTransfer {
  double bits_per_second = 0;  ///< of the link, whole frames
  std::int64_t bytes = 0;      ///< of the message
  double burst_bytes = 0;      ///< of these, what the link passed at once
  double seconds = 0;          ///< from the first byte sent to the last received
};

/// Sends messages of these sizes one after the other between two processes in network namespaces, each several times,
/// and returns the fastest of every size: other programs only make transfers slower. Needs what ShapedNetwork needs.
/// Throws RunError.
std::vector<ProbedTransfer> probe_link(double bits_per_second, const std::vector<std::int64_t>& sizes);

}  // namespace msfusion
