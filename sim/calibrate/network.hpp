// How SimGrid's model of a link (latency + bytes / bandwidth) has to be scaled to say what TCP really does.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sim/deploy/link_probe.hpp"
#include "sim/plan/framing.hpp"

namespace msfusion {

/// A message of n bytes takes latency_seconds + (n / bandwidth_factor + message_bytes) / rate, besides the link's own
/// latency.
///
/// With framing the frames are counted, not fitted: only the latency is.
struct NetworkFit {
  double bandwidth_factor = 1;  ///< payload per byte of the link's rate; the rest is frame headers
  double latency_seconds = 0;   ///< of a message, whatever its size: system calls and threads that wake up
  double message_bytes = 0;     ///< on the link, of a message besides: its own header and a frame that is not full
  std::optional<Framing> framing = {};
};

struct NetworkMeasurement {
  std::vector<ProbedTransfer> fitted, held_out;
};

/// |predicted - measured| / measured over some transfers.
struct NetworkError {
  int transfers = 0;
  double median = 0, worst = 0;
  std::size_t worst_transfer = 0;  ///< into the transfers that were judged
};

/// Real transfers of 1 kB to 3 MB over links of several rates: half a minute. `on_rate` hears of every link in turn.
/// Needs what ShapedNetwork needs. Throws RunError.
NetworkMeasurement measure_network(const std::function<void(double bits_per_second)>& on_rate);

double predicted_seconds(const ProbedTransfer& transfer, const NetworkFit& fit);

NetworkError error_of(const std::vector<ProbedTransfer>& transfers, const NetworkFit& fit);

/// The root mean square of log(predicted / measured): the uncertainty that the network states.
double spread_of(const std::vector<ProbedTransfer>& transfers, const NetworkFit& fit);

/// The latency that a message has besides its frames: the median of what they leave.
NetworkFit fit_framed_network(const std::vector<ProbedTransfer>& transfers, const Framing& framing);

/// What minimises the absolute logarithm of predicted / measured. The same transfers give the same fit.
NetworkFit fit_network(const std::vector<ProbedTransfer>& transfers);

}  // namespace msfusion
