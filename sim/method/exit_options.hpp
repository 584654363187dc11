// Models in stages with a classifier behind each, of which a device has the first ones.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

struct ExitChoice {
  /// Which classifiers a sub-model has: those of all its stages, or its last stage's.
  enum class Kind { none, all, last } kind = Kind::none;
  std::optional<int> stages;  ///< none: kUsualStages, or as many as the model has blocks
  bool is_on() const { return kind != Kind::none; }
};

struct Method;

/// The vocabulary of <method> with the attributes of this choice behind it.
Vocabulary<Method> with_exits_attributes(Vocabulary<Method> vocabulary);

/// Why the method's other choices do not go with exits, and what would; empty when they do.
std::pair<std::string, std::string> exits_contradiction(const Method& method);

}  // namespace msfusion
