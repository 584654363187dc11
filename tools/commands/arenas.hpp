// How many parts of the heap the threads of a run allocate from.
#pragma once

#include "sim/shape/model_options.hpp"

namespace msfusion {

/// Every training thread works for one device after the other, so with an arena of its own each would keep what the
/// largest sub-model and the largest evaluation need: 1.65 GB instead of 1.0 for two that train slices of a ResNet18.
/// So all share one, unless steps are so short that threads would wait for each other in it: with MLPs, two threads
/// took 1.25 times as long. Before the process has a second thread: the C library looks at this once.
void choose_arenas(const ModelOptions& model);

}  // namespace msfusion
