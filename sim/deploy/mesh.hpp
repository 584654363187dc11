// A node's TCP connections to the nodes that it exchanges messages with.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "sim/base/ids.hpp"
#include "sim/learn/participant.hpp"
#include "sim/plan/round_plan.hpp"

namespace msfusion {

struct Address {
  std::string host;
  int port = 0;
};

/// Precedes every message.
struct MessageHeader {
  std::int32_t round = 0;
  std::int32_t step = 0;
  std::int64_t bytes = 0;  ///< that follow
};

/// One connection, used in one direction. Transfers between the same two nodes that may overlap have one each.
struct Lane {
  NodeId from = 0, to = 0;
  int number = 0;
  friend bool operator<(const Lane& a, const Lane& b) {
    return std::tie(a.from, a.to, a.number) < std::tie(b.from, b.to, b.number);
  }
};

/// The lane of every step of a plan. A step that is no transfer has a lane from its node to itself.
std::vector<Lane> lanes_of(const RoundPlan& plan);
std::set<Lane> all_lanes(const std::vector<RoundPlan>& plans);

class Mesh {
 public:
  /// Called on threads of the mesh when a message has arrived completely.
  using OnMessage = std::function<void(const MessageHeader&, Payload)>;

  /// Listens on its own address, opens all lanes from this node, and waits until all lanes to it are open. Throws
  /// RunError.
  Mesh(NodeId self, const std::vector<Address>& nodes, const std::set<Lane>& lanes, OnMessage on_message);
  ~Mesh();
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  /// Blocks until the message is in the system's buffer. A lane takes one call at a time.
  void send(const Lane& lane, const MessageHeader& header, const Payload& payload);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace msfusion
