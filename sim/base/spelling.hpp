// Finds what a user probably meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace msfusion {

/// The candidate nearest to `text` by edit distance, if it is near enough to be a typing mistake; otherwise empty.
std::string nearest_spelling(std::string_view text, const std::vector<std::string>& candidates);

/// "one of a, b, c; did you mean 'b'?", for Mistake::allowed.
std::string one_of(std::string_view text, const std::vector<std::string>& candidates);

}  // namespace msfusion
