// Notes in Markdown as harmless HTML.
#pragma once

#include <string>

namespace msfusion {

/// CommonMark, by cmark. HTML stands as it is written; of pictures, and of links to anything but http and https, the
/// words stay.
std::string html_of_markdown(const std::string& text);

}  // namespace msfusion
