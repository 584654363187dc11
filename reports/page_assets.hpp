// The page's script and style, and the figures' script, bundled at build time from reports/page.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace msfusion::page_assets {

// In parts, because compilers limit the length of a literal.
extern const std::vector<std::string_view> script;
extern const std::vector<std::string_view> style;
extern const std::vector<std::string_view> figures;
extern const std::vector<std::string_view> notices;  ///< licences of what the scripts were bundled from

inline std::string joined(const std::vector<std::string_view>& parts) {
  std::string text;
  for (const auto part : parts) text += part;
  return text;
}

}  // namespace msfusion::page_assets
