// The third executor of a round plan, beside timing and learning: one real node that really trains and sends messages.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sim/deploy/mesh.hpp"
#include "sim/learn/participant.hpp"

namespace msfusion {

struct NodeOptions {
  NodeId node = 0;
  double cpu_share = 1;               ///< of a core, while training
  std::string core_file;              ///< stands for the core; nodes with the same one take turns; empty: its own
  std::vector<double> delay_seconds;  ///< to every node; waited before sending, because the network itself has no delay
};

/// What the node saw of a round; seconds of the machine's monotonic clock.
struct StepLog {
  StepId step = 0;
  std::optional<double> start_seconds;  ///< absent at the receiver of a transfer
  std::optional<double> end_seconds;    ///< absent at the sender of a transfer
  double cpu_seconds = 0;               ///< of a training
  double payload_bytes = 0;             ///< of a transfer
};
struct RoundLog {
  std::vector<StepLog> steps;  ///< those of this node
  double merge_seconds = 0;
  double late_seconds = 0;  ///< by which trainings ended later than the share of the core allows
  double end_seconds = 0;   ///< when merging was done
};

class NodeExecutor {
 public:
  /// Connects to all nodes. The plans must outlive it.
  NodeExecutor(const NodeOptions& options, const std::vector<Address>& nodes, const std::vector<RoundPlan>& plans,
               Participant& participant);

  /// Carries out the node's steps of a plan. Returns when these are done and all messages to the node have arrived.
  RoundLog execute(const RoundPlan& plan);

 private:
  class Round;
  struct Message {
    Payload payload;
    double arrived_seconds = 0;
  };
  void arrived(const MessageHeader& header, Payload payload);

  const NodeOptions options_;
  const int nodes_;
  Participant& participant_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::pair<int, StepId>, Message> inbox_;
  Mesh mesh_;  // last: its threads use what is above
};

}  // namespace msfusion
