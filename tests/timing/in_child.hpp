// Runs a piece of a test in a process of its own: SimGrid allows one engine per process.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>

namespace msfusion {

/// What `work` returns, computed in a forked child. An exception there comes back as std::runtime_error with its text;
/// so does a crash.
nlohmann::json in_child(const std::function<nlohmann::json()>& work);

}  // namespace msfusion
