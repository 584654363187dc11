// What a message takes on a wire that carries it in TCP segments, frame by frame.
#pragma once

#include <cmath>

namespace msfusion {

/// TCP over IPv4 and Ethernet, on a connection that stays. A frame has 66 bytes of headers however full it is: 14 of
/// Ethernet, 20 of IP, 20 of TCP and 12 for its timestamps.
struct Framing {
  double mtu_bytes = 1500;  ///< of an Ethernet frame's content

  static constexpr double kHeaderBytes = 66;
  static constexpr double kInsideMtu = 52;  ///< of these, what counts as the frame's content

  /// Payload of a full frame.
  double segment_bytes() const { return mtu_bytes - kInsideMtu; }
  double frames(double payload_bytes) const { return std::ceil(payload_bytes / segment_bytes()); }
  /// Sent for a message of whole bytes.
  double sent_bytes(double payload_bytes) const { return payload_bytes + kHeaderBytes * frames(payload_bytes); }
  /// Sent back for it: every second frame is acknowledged, and the last one (RFC 5681, 4.2).
  double acknowledgement_bytes(double payload_bytes) const {
    return kHeaderBytes * std::ceil(frames(payload_bytes) / 2);
  }
  /// Payload in a byte of full frames.
  double efficiency() const { return segment_bytes() / (segment_bytes() + kHeaderBytes); }
};

}  // namespace msfusion
