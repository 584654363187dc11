// Settings of LibTorch, BLAS and the allocator for one single-threaded job per core.
#pragma once

namespace msfusion {

/// Sets up the allocator and oneDNN's cache for the whole process. Call it before LibTorch computes anything; later
/// calls do nothing.
void prepare_process();

/// Keeps the calling thread's operations on that thread. With more threads narrow models are several times slower, and
/// their last bits change.
void use_one_thread();

/// Throws std::bad_alloc if the system would refuse the memory that a job may need. The libraries underneath cannot
/// handle that: OpenBLAS retries a refused allocation forever, and oneDNN crashes.
void require_memory();

}  // namespace msfusion
