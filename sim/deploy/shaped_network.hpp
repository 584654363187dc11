// Network namespaces joined in a star by links of limited rate: a small network within this machine, for real TCP.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace msfusion {

/// A node's line to the centre. Rates count whole Ethernet frames, as tc does.
struct AccessLine {
  double up_bits_per_second = 0;
  double down_bits_per_second = 0;
};

/// Each node is a namespace with a veth pair into a bridge in one more namespace. tc tbf limits the rate out of either
/// end of a pair. The destructor removes everything. There is no delay: senders wait for a link's latency.
class ShapedNetwork {
 public:
  /// Why this machine cannot have one (no root, no iproute2, no namespaces, no tbf); nothing if it can.
  static std::optional<std::string> reason_unavailable();

  explicit ShapedNetwork(const std::vector<AccessLine>& lines);  ///< throws RunError
  ~ShapedNetwork();
  ShapedNetwork(const ShapedNetwork&) = delete;
  ShapedNetwork& operator=(const ShapedNetwork&) = delete;

  /// Moves the calling process into a node's namespace. Call it in a child, before exec.
  void enter(int node) const;
  static std::string address(int node);  ///< within the network

  /// What a link of that rate passes at once after a pause. tc's shaper needs such an allowance; a real line has none.
  static double burst_bytes(double bits_per_second);

  /// Bytes of Ethernet frames that a node has sent.
  double sent_bytes(int node) const;

 private:
  std::string namespace_of(int node) const;
  void remove() const;

  std::string prefix_;
  int nodes_;
};

}  // namespace msfusion
