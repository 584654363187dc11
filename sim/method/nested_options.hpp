// Ordered dropout: each local step trains a narrower sub-model inside the device's own.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

struct NestedChoice {
  std::vector<double> widths;  ///< a step draws one of those up to the device's own; none: steps train all of it
  bool distils = false;        ///< each step trains the whole sub-model too, and the narrower one on its predictions
  bool is_on() const { return !widths.empty(); }
};

struct Method;

/// The vocabulary of <method> with the attributes of this choice behind it.
Vocabulary<Method> with_nested(Vocabulary<Method> vocabulary);

/// Why the method's other choices do not go with drawn widths, and what would; empty when they do.
std::pair<std::string, std::string> nested_contradiction(const Method& method);

}  // namespace msfusion
