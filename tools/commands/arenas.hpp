// How many parts of the heap the threads of a run allocate from.
#pragma once

#include "sim/experiment/preparation.hpp"

namespace msfusion {

/// Every training thread works for one device after the other, so with an arena of its own each would keep what the
/// largest sub-model and the largest evaluation need: 1.65 GB instead of 1.0 for two that train slices of a ResNet18.
/// Where models are that large, all share one. Where they are small, threads would wait for each other in it: two that
/// train an MLP of 256-256 units took 1.25 times as long. Before any thread trains.
void choose_arenas(const Preparation& preparation);

}  // namespace msfusion
