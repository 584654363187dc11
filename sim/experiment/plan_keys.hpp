// The keys of what `msfusion plan --json` prints, as the reference of docs/plan-json.md.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

struct PlanKey {
  const char* key;
  const char* type;  ///< text, number, array or object, or one of these "or null"
  const char* meaning;
};

/// An object that occurs in the output, with all of its keys in their order.
struct PlanObject {
  const char* title;
  std::vector<PlanKey> keys;
};

const std::vector<PlanObject>& plan_objects();

/// A section for each object, with a row for each key.
std::string plan_reference();

}  // namespace msfusion
