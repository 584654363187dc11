// How many cores the runs of one program use together.
#pragma once

namespace msfusion {

/// A counter of free cores in memory shared by forked processes. A process that dies gives back what it held through
/// release_all_of, called by its parent.
class CoreBudget {
 public:
  explicit CoreBudget(int cores, int max_processes);
  ~CoreBudget();
  CoreBudget(const CoreBudget&) = delete;
  CoreBudget& operator=(const CoreBudget&) = delete;

  /// The forked child says which of the max_processes it is, before it acquires anything.
  void set_process(int process) { process_ = process; }
  void acquire();  ///< waits for a core
  void release();
  void release_all_of(int process);

 private:
  struct Shared;
  Shared* shared_;
  int process_ = 0;
};

/// Holds one core while it lives.
class CoreLease {
 public:
  explicit CoreLease(CoreBudget* cores) : cores_(cores) {
    if (cores_) cores_->acquire();
  }
  ~CoreLease() {
    if (cores_) cores_->release();
  }
  CoreLease(const CoreLease&) = delete;
  CoreLease& operator=(const CoreLease&) = delete;

 private:
  CoreBudget* cores_;
};

}  // namespace msfusion
