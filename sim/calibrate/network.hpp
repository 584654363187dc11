// How SimGrid's model of a link (latency + bytes / bandwidth) has to be scaled to say what TCP really does.
#pragma once

#include <vector>

#include "sim/deploy/link_probe.hpp"

namespace msfusion {

struct NetworkFit {
  double bandwidth_factor = 1;               ///< payload bytes/s for every byte/s of the link's rate
  double latency_seconds = 0;                ///< of a message, beside the link's own latency
  double median_error = 0, worst_error = 0;  ///< |predicted - measured| / measured, over the transfers
};

double predicted_seconds(const ProbedTransfer& transfer, const NetworkFit& fit);

/// Least squares of the relative errors.
NetworkFit fit_network(const std::vector<ProbedTransfer>& transfers);

}  // namespace msfusion
