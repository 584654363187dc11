#include "tools/commands/arenas.hpp"

#include <malloc.h>

#include <variant>

namespace msfusion {

void choose_arenas(const ModelOptions& model) {
  if (!std::holds_alternative<MlpOptions>(model)) mallopt(M_ARENA_MAX, 1);
}

}  // namespace msfusion
