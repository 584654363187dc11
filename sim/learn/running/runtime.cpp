#include "sim/learn/running/runtime.hpp"

#include <dlfcn.h>
#include <malloc.h>
#include <sys/mman.h>

#include <cstdlib>
#include <mutex>
#include <new>

namespace msfusion {

void prepare_process() {
  static std::once_flag once;
  std::call_once(once, [] {
    // Activations are allocated anew every step: keep their memory instead of returning it to the system.
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 2'000'000'000);
    mallopt(M_TOP_PAD, 64 << 20);
    // Every width and batch size needs its own primitive; oneDNN's default cache forgets them between rounds.
    setenv("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8192", 0);
    // What LibTorch takes by itself. at::set_num_threads() would make a pool for mobile kernels, and wait forever for
    // its threads where the system refuses them.
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("MKL_NUM_THREADS", "1", 1);
    use_one_thread();
  });
}

void use_one_thread() {
  // The system chooses OpenMP's library and the BLAS, so their functions are looked up at run time.
  using SetThreads = void (*)(int);
  for (const char* name : {"omp_set_num_threads", "openblas_set_num_threads"})
    if (const auto set_threads = reinterpret_cast<SetThreads>(dlsym(RTLD_DEFAULT, name))) set_threads(1);
}

void require_memory() {
  constexpr std::size_t kEnough = 130 << 20;  // OpenBLAS wants 128 MiB and a page for each thread
  void* const room = mmap(nullptr, kEnough, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (room == MAP_FAILED) throw std::bad_alloc();
  munmap(room, kEnough);
}

}  // namespace msfusion
