// Settings of LibTorch, BLAS and the allocator that one single-threaded job per core needs.
#pragma once

namespace msfusion {

/// For the whole process, before LibTorch computes anything: allocator and oneDNN cache. Later calls do nothing.
void prepare_process();

/// For the calling thread: no threads inside of an operation. With more, narrow models are several times slower and
/// their last bits change.
void use_one_thread();

/// Throws std::bad_alloc where the system would refuse what a job may need. For the libraries underneath it would be
/// too late: OpenBLAS asks for ever for the memory that it is refused, and oneDNN crashes without it.
void require_memory();

}  // namespace msfusion
