#include "tools/learner_plugin.hpp"

#include <dlfcn.h>

#include "sim/base/error.hpp"

namespace msfusion {

std::unique_ptr<Learner> load_learner(const LearnerSetup& setup) {
  // Never closed: the learner's code must outlive the learner.
  void* library = dlopen("libmsfusion_learn.so", RTLD_NOW | RTLD_LOCAL);
  if (!library) throw RunError(std::string("the learning library could not be loaded: ") + dlerror());
  using Make = Learner* (*)(const LearnerSetup*);
  const auto make = reinterpret_cast<Make>(dlsym(library, "msfusion_make_learner"));
  if (!make) throw RunError(std::string("the learning library does not fit this program: ") + dlerror());
  return std::unique_ptr<Learner>(make(&setup));
}

}  // namespace msfusion
