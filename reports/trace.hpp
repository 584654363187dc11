// A run's simulated timeline in plain values, for the trace formats of other tools.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/record/store.hpp"

namespace msfusion {

/// What a node did for a while, in seconds since the run began.
struct TraceSpan {
  std::size_t device = 0;  ///< into RunTrace::devices
  double from_seconds = 0, to_seconds = 0;
  std::string what;  ///< "computes", "computes and sends", ..., "off"
};

/// A transfer that a round's end waited for.
struct TraceFlow {
  std::size_t from = 0, to = 0;  ///< into RunTrace::devices
  double start_seconds = 0, end_seconds = 0;
};

struct RunTrace {
  std::string name;  ///< "fedavg seed 1"
  std::vector<std::string> devices;
  std::vector<RoundRecord> rounds;
  std::vector<EvaluationRecord> evaluations;
  std::vector<TraceSpan> spans;  ///< of a device: in the order of time, none overlapping another
  std::vector<TraceFlow> flows;
};

/// The words of all spans, in a fixed order.
std::vector<std::string> trace_words();

/// Every run of the store.
std::vector<RunTrace> traces(const StoreReader& store);

/// Chrome's trace format (JSON), which Perfetto opens: a process a run, a thread a device, transfers on the critical
/// path as arrows, accuracy as a counter.
std::string perfetto_trace(const std::vector<RunTrace>& runs);

/// Paje's format, for ViTE and pj_dump: the same as containers, states, links and a variable.
std::string paje_trace(const std::vector<RunTrace>& runs);

/// The bytes of a TensorBoard event file for a run: its curves by round, whose wall-clock time is the simulated time.
std::string tensorboard_events(const RunTrace& run);

/// CRC-32C (Castagnoli) of the bytes.
std::uint32_t crc32c(const std::string& bytes);

}  // namespace msfusion
