// Names in the order that people expect: phone-2 before phone-10.
#pragma once

#include <string_view>

namespace msfusion {

/// Strict weak order: runs of digits compare by value, everything else byte by byte; equal values with more leading
/// zeros come later, so that different names never compare equal.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace msfusion
