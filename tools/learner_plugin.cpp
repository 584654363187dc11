#include "tools/learner_plugin.hpp"

#include <dlfcn.h>

#include <cstdlib>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

// Never closed: the learner's code must outlive the learner.
void* open_library() {
  // A run's jobs have one thread each, and threads that OpenBLAS makes when it is loaded would not survive a fork.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  return dlopen("libmsfusion_learn.so", RTLD_NOW | RTLD_LOCAL);
}

}  // namespace

void preload_learner() {
  open_library();
}

std::unique_ptr<Learner> load_learner(const LearnerSetup& setup) {
  void* library = open_library();
  if (!library) throw RunError(std::string("the learning library could not be loaded: ") + dlerror());
  using Make = Learner* (*)(const LearnerSetup*);
  const auto make = reinterpret_cast<Make>(dlsym(library, "msfusion_make_learner"));
  if (!make) throw RunError(std::string("the learning library does not fit this program: ") + dlerror());
  return std::unique_ptr<Learner>(make(&setup));
}

}  // namespace msfusion
