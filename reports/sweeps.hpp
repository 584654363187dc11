// Results that are combinations of one sweep: how they are recognised, ordered and named.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "reports/results.hpp"

namespace msfusion {

/// The scenario whose combinations the stores are; empty: they are not several of one sweep.
std::string sweep_of(const std::vector<OpenedStore>& stores);

/// The path and value of each setting that the sweep varies, in the sweep's order; empty: the store is of no sweep.
std::vector<std::pair<std::string, std::string>> varied_values(const OpenedStore& store);

/// Numbers and fractions by value, before everything else, which is in natural order.
bool value_less(const std::string& a, const std::string& b);

/// Orders the combinations of one sweep by their values, wherever they were listed, and names them by these:
/// "batch=16, split=0.25". Leaves other stores alone.
void arrange_sweep(std::vector<OpenedStore>& stores);

}  // namespace msfusion
