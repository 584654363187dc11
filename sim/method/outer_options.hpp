// What a user can say of steps that are taken with the devices' mean update, and of the optimisers that devices keep.
#pragma once

#include <string>
#include <utility>

#include "sim/method/method.hpp"

namespace msfusion {

/// The merge keeps a momentum of mean updates.
inline bool has_momentum(const Method& method) {
  return method.merge.kind == MergeKind::momentum || method.merge.kind == MergeKind::fragments ||
         method.merge.kind == MergeKind::delayed_nesterov;
}

/// The vocabulary of <method> with these attributes behind it.
Vocabulary<Method> with_outer(Vocabulary<Method> vocabulary);

/// Why the method's other choices do not go with these, and what would; empty when they do.
std::pair<std::string, std::string> outer_contradiction(const Method& method);

/// Whether the merge divides an update by how far its steps carry, which is known for SGD from a momentum of 0 alone.
inline bool divides_by_distance(MergeKind kind) {
  return kind == MergeKind::normalised || kind == MergeKind::variates;
}

}  // namespace msfusion
