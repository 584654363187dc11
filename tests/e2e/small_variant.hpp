// The small variants of the shipped scenarios, which the comments on their tops state.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

std::string shipped(const std::string& name);  ///< the path of scenarios/NAME.xml

/// The arguments that run the small variant, without -o.
std::vector<std::string> small_variant(const std::string& name);

}  // namespace msfusion
