// Notes in a part of Markdown as harmless HTML: every character of the text is escaped before anything is marked up.
#pragma once

#include <string>

namespace msfusion {

/// Paragraphs, # headings, - and 1. lists, ``` blocks, **bold**, *emphasis*, `code` and [links](https://..). Everything
/// else, HTML and links of other kinds included, stands as it is written.
std::string html_of_markdown(const std::string& text);

}  // namespace msfusion
