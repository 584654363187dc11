// The lines of tags and attributes in an XML text: libxml2 keeps only the line on which a tag ends.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace msfusion {

struct TagLines {
  int line = 0;                 ///< of '<'
  std::vector<int> attributes;  ///< in order, without namespace declarations; empty if all are on `line`
  std::size_t attribute_count = 0;
};

/// One entry per start tag in document order. The text must be well-formed, in an encoding that extends ASCII and
/// without entity declarations; for other texts the entries mean nothing.
std::vector<TagLines> tag_lines(std::string_view text);

}  // namespace msfusion
