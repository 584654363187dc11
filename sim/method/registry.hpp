// The table of all methods. Adding one is a file in methods/ and a word in this room's CMakeLists.txt.
#pragma once

#include <string_view>
#include <vector>

#include "sim/method/method.hpp"

namespace msfusion {

struct MethodEntry {
  const char* name;
  const char* summary;  ///< one line
  const char* paper;    ///< empty for a bound that no paper proposes
  Method choices;
};

/// In the order in which users see them.
const std::vector<MethodEntry>& method_table();

const MethodEntry* find_method(std::string_view name);  ///< null: there is none of that name

}  // namespace msfusion
