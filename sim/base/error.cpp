#include "sim/base/error.hpp"

#include <fmt/format.h>

namespace msfusion {

std::string to_string(const Mistake& mistake) {
  std::string text = mistake.file;
  if (mistake.line > 0) text += fmt::format(":{}", mistake.line);
  if (!text.empty()) text += ": ";
  text += mistake.found;
  if (!mistake.allowed.empty()) text += "; " + mistake.allowed;
  return text;
}

namespace {
std::string join(const std::vector<Mistake>& mistakes) {
  std::string text;
  for (const auto& mistake : mistakes) text += (text.empty() ? "" : "\n") + to_string(mistake);
  return text;
}
}  // namespace

UserError::UserError(std::vector<Mistake> mistakes)
    : std::runtime_error(join(mistakes)), mistakes_(std::move(mistakes)) {}

}  // namespace msfusion
