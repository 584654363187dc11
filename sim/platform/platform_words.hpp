// What a platform file can say beyond hosts, links and routes: the table that readers check names against, and the
// reference of platforms/README.md.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

struct PlatformWord {
  enum class Place { attribute, property };
  Place place;
  const char* name;
  const char* example;
  const char* unit;     ///< empty: none
  const char* meaning;  ///< one sentence or two
  const char* absent;   ///< what holds without it
};

const std::vector<PlatformWord>& host_words();
const std::vector<PlatformWord>& link_words();
const std::vector<PlatformWord>& zone_words();

/// The names of those that are properties.
std::vector<std::string> properties_of(const std::vector<PlatformWord>& words);

/// Three sections in Markdown, with a row for each word.
std::string platform_reference();

}  // namespace msfusion
