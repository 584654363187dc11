// Lets nodes that are slower than a core, and share it, train on it one after the other.
#pragma once

#include <string>

namespace msfusion {

/// A node's training on a core of which it has a share. It begins when the training is due: it waits until the core is
/// free, and the thread then trains at full speed, with caches that are its own, as on a device that trains alone. The
/// end of the turn frees the core and waits until the thread's CPU time / share has passed since the training was due.
/// So it takes as long as on a core of that share, as long as the turns of all fit into that time.
///
/// A thread of real-time priority has one less meanwhile, so that threads that move messages go before those that
/// train: messages take no computing time in the simulator either.
class CoreTurn {
 public:
  /// `core_file` stands for the core: nodes with the same file take turns. Empty: the node has a core of its own.
  /// `share` is in (0, 1]. Throws std::system_error.
  CoreTurn(const std::string& core_file, double share);
  ~CoreTurn();  ///< ends the turn, if end() did not
  CoreTurn(const CoreTurn&) = delete;
  CoreTurn& operator=(const CoreTurn&) = delete;

  /// Returns by how many seconds the turn ended later than the share allows: 0 where the turns fit.
  double end();

 private:
  double share_;
  double due_seconds_;
  int core_ = -1;  // file descriptor
  double began_cpu_seconds_ = 0;
  int priority_ = 0;  // to be restored; 0: it was not changed
  bool has_ended_ = false;
};

/// Seconds on the clock that all processes of a machine share.
double monotonic_seconds();

/// Returns at once if the time has passed.
void sleep_until(double monotonic);

}  // namespace msfusion
