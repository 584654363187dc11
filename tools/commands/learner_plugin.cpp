#include "tools/commands/learner_plugin.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <future>
#include <system_error>

#include "sim/base/error.hpp"
#include "sim/base/thread_clock.hpp"

namespace msfusion {

namespace {

// A run's jobs have one thread each, and threads that OpenBLAS makes when it is loaded would not survive a fork.
void keep_to_one_thread() {
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
}

// Never closed: the learner's code must outlive the learner.
void* open_library() {
  return dlopen("libmsfusion_learn.so", RTLD_NOW | RTLD_LOCAL);
}

// Processor seconds of the thread that opens the library. Never destroyed, which would wait for it.
std::future<double>* g_opening = nullptr;

double wait_for_opening() {
  if (!g_opening || !g_opening->valid()) return 0;
  return g_opening->get();
}

template <class Function>
Function symbol(const char* name) {
  wait_for_opening();
  keep_to_one_thread();
  void* library = open_library();
  if (!library) throw RunError(std::string("the learning library could not be loaded: ") + dlerror());
  const auto function = reinterpret_cast<Function>(dlsym(library, name));
  if (!function) throw RunError(std::string("the learning library does not fit this program: ") + dlerror());
  return function;
}

}  // namespace

void begin_preload() {
  if (g_opening) return;
  keep_to_one_thread();
  try {
    g_opening = new std::future<double>(std::async(std::launch::async, [] {
      open_library();
      return thread_cpu_seconds();
    }));
  } catch (const std::system_error&) {
    // No thread is left: preload_learner() opens it.
  }
}

double preload_learner() {
  const double beside = wait_for_opening();
  keep_to_one_thread();
  open_library();
  return beside;
}

void require_device(const Scenario& scenario) {
  if (scenario.training.device == TrainingOptions::Device::cpu) return;
  if (!symbol<bool (*)()>("msfusion_has_cuda")())
    throw UserError(Mistake{scenario.file, scenario.training.line,
                            "device=\"cuda\", but this LibTorch has no CUDA or finds no GPU", "cpu"});
}

std::unique_ptr<Learner> load_learner(const LearnerSetup& setup) {
  return std::unique_ptr<Learner>(symbol<Learner* (*)(const LearnerSetup*)>("msfusion_make_learner")(&setup));
}

std::unique_ptr<Participant> load_participant(const LearnerSetup& setup, NodeId node) {
  return std::unique_ptr<Participant>(
      symbol<Participant* (*)(const LearnerSetup*, NodeId)>("msfusion_make_participant")(&setup, node));
}

std::unique_ptr<Trainer> load_trainer(const LearnerSetup& setup) {
  return std::unique_ptr<Trainer>(symbol<Trainer* (*)(const LearnerSetup*)>("msfusion_make_trainer")(&setup));
}

}  // namespace msfusion
