// `msfusion doctor`: what the program finds on this machine, and what is missing for what.
#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <thread>

#include "sim/base/error.hpp"
#include "sim/base/resources.hpp"
#include "sim/base/units.hpp"
#include "sim/data/catalogue.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/learner_plugin.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

void say(const char* what, const std::string& state) {
  fmt::print("{:<17} {}\n", what, state);
}

/// The program in $PATH; empty: there is none.
std::string in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const fs::path file = fs::path(folder) / name; access(file.c_str(), X_OK) == 0) return file.string();
  return "";
}

void say_program(const char* name, const std::string& needed_for) {
  const std::string file = in_path(name);
  say(name, file.empty() ? "missing; needed for " + needed_for : file);
}

bool say_own_files() {
  try {
    say("own files", fs::path(resource_file("platforms/catalogue.xml")).parent_path().parent_path().string());
    return true;
  } catch (const RunError& error) {
    say("own files", error.what());
    return false;
  }
}

void say_machine() {
  cpu_set_t set;
  const unsigned all = std::thread::hardware_concurrency();
  const int ours = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : static_cast<int>(all);
  say("cores", fmt::format("{}, each trains one device at a time", ours));
  const double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  say("memory", human(memory, Quantity::bytes));
}

bool say_learner() {
  try {
    const bool cuda = learner_has_cuda();
    say("training", "LibTorch loads");
    say("GPU", cuda ? "found; used by <training device=\"cuda\">"
                    : "none, or a LibTorch without CUDA; needed for <training device=\"cuda\"> only");
    return true;
  } catch (const RunError& error) {
    say("training", error.what());
    return false;
  }
}

void say_mpi() {
#ifdef MSFUSION_MPI
  const std::string launcher = in_path("mpirun");
  say("MPI", launcher.empty()
                 ? "built in, but there is no mpirun; needed to spread training over machines (apt install openmpi-bin)"
                 : "built in; mpirun is " + launcher);
#else
  say("MPI", "not built in; needed to spread training over machines (build with Open MPI installed)");
#endif
}

void say_data() {
  for (const DataSetStatus& set : list_datasets())
    say(("data " + set.name).c_str(), set.found ? *set.found : "not here; " + set.how_to_get);
}

}  // namespace

int examine_installation() {
  fmt::print("msfusion {}, {}\n", MSFUSION_VERSION, MSFUSION_LIBRARIES);
  const bool files = say_own_files();
  say_machine();
  const bool learner = say_learner();
  say_mpi();
  say_program("node", "msfusion report --figures (apt install nodejs)");
  say_program("ip", "msfusion calibrate of the network, which also needs root (apt install iproute2)");
  say_data();
  if (files && learner) return 0;
  fmt::print("Scenarios cannot be run: see {} above.\n", files ? "training" : "own files");
  return kFailed;
}

}  // namespace msfusion
