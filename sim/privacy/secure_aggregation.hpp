// What secure aggregation costs a group of devices (Bonawitz et al., CCS 2017; with neighbours instead of everybody:
// Bell et al. 2020, arXiv 2012.05433). The learning is that of the sum in the clear; nothing is encrypted here.
#pragma once

#include <cstdint>

#include "sim/privacy/privacy_options.hpp"

namespace msfusion {

/// Devices whose updates are added up together: they send the same elements.
class SecureGroup {
 public:
  /// `devices` >= 1, each with `elements` to send.
  SecureGroup(const SecureAggregation& options, int devices, double elements);

  int neighbours() const { return neighbours_; }  ///< k, with each of whom a device shares keys and secrets
  int bits() const { return bits_; }              ///< of an element of a sum, and so of a masked one

  /// Devices that must stay to the end: of the k + 1 that hold shares of a secret, as large a part as the threshold
  /// says, and never one alone, whose sum would be its update.
  int needed() const;

  // Bytes of one device's messages.
  double keys_up() const;
  double keys_down() const;
  double shares_up() const;
  double shares_down() const;
  double masked_up() const;
  double answer_up() const;

  // Seconds.
  double agreeing_seconds() const;          ///< of a device: its keys' agreements, and its secrets' sharings
  double masking_seconds() const;           ///< of a device: its masks
  double unmasking_seconds() const;         ///< of the server, when all masked updates have arrived
  double more_seconds_for_missing() const;  ///< of the server, for each that has not

 private:
  const SecureAggregation options_;
  int devices_, neighbours_, bits_;
  double elements_;
};

}  // namespace msfusion
