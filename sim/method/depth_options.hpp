// Sub-models that leave residual blocks out.
#pragma once

#include <string>
#include <utility>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

struct Method;

/// The vocabulary of <method> with the attribute of depth behind it.
Vocabulary<Method> with_depth_attribute(Vocabulary<Method> vocabulary);

/// Why the method's other choices do not go with a depth, and what would; empty when they do.
std::pair<std::string, std::string> depth_contradiction(const Method& method);

}  // namespace msfusion
