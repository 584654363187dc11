#include "sim/base/spelling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace msfusion {

namespace {

// Two letters in each other's place are one slip.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> next(b.size() + 1, i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = row[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      next[j] = std::min({next[j - 1] + 1, row[j] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before = std::move(row);
    row = std::move(next);
  }
  return row.back();
}

/// Lower-case letters and digits alone: "FashionMNIST" and "fashion-mnist" are one name to a reader.
std::string letters_of(std::string_view text) {
  std::string letters;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if ((lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9')) letters += lower;
  }
  return letters;
}

}  // namespace

std::string nearest_spelling(std::string_view text, const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongestName = 64;  // nobody misspells a name into something longer; keeps the cost bounded
  if (text.size() > kLongestName) return "";
  const std::string letters = letters_of(text);
  for (const std::string& candidate : candidates)
    if (!letters.empty() && letters_of(candidate) == letters) return candidate;
  std::string best;
  std::size_t best_distance = (text.size() < 4 ? 1 : std::max<std::size_t>(2, text.size() / 3)) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(text, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string one_of(std::string_view text, const std::vector<std::string>& candidates) {
  std::string list = candidates.size() == 1 ? "only " : "one of ";
  for (std::size_t i = 0; i < candidates.size(); ++i) list += (i == 0 ? "" : ", ") + candidates[i];
  const std::string near = nearest_spelling(text, candidates);
  return near.empty() ? list : fmt::format("{}; did you mean '{}'?", list, near);
}

}  // namespace msfusion
