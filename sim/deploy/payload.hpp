// What a message between deployed nodes carries.
#pragma once

#include <cstddef>
#include <vector>

namespace msfusion {

using Payload = std::vector<std::byte>;

}  // namespace msfusion
