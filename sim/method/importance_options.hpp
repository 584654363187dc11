// Sub-models of the largest weights, whose units are all there.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/base/ids.hpp"
#include "sim/base/vocabulary.hpp"

namespace msfusion {

struct ImportanceChoice {
  std::vector<double> kept;  ///< share of the weights that devices keep, dealt as levels; none: all keep all
  bool is_on() const { return !kept.empty(); }

  /// Of one of `devices` devices: consecutive equal blocks, as HeteroFL's "fix".
  double of(NodeId device, int devices) const {
    return kept[static_cast<std::size_t>(device) * kept.size() / static_cast<std::size_t>(devices)];
  }
};

struct Method;

/// The vocabulary of <method> with the attributes of this choice behind it.
Vocabulary<Method> with_importance(Vocabulary<Method> vocabulary);

/// Why the method's other choices do not go with kept weights, and what would; empty when they do.
std::pair<std::string, std::string> importance_contradiction(const Method& method);

}  // namespace msfusion
