// What a scenario may say instead of the file that training starts from.
#pragma once

namespace msfusion {

/// Start values are drawn, even where the model's own file has some.
constexpr const char* kRandomStart = "random";

}  // namespace msfusion
