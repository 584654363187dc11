#include "sim/base/xml_lines.hpp"

#include <algorithm>

namespace msfusion {

namespace {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool at_end() const { return position_ >= text_.size(); }
  char here() const { return at_end() ? '\0' : text_[position_]; }
  int line() const { return line_; }
  bool looking_at(std::string_view expected) const { return text_.substr(position_, expected.size()) == expected; }

  void step() { step_to(std::min(position_ + 1, text_.size())); }
  void skip_past(std::string_view mark) {
    const std::size_t found = text_.find(mark, position_);
    step_to(found == std::string_view::npos ? text_.size() : found + mark.size());
  }
  void skip_any(std::string_view characters) {
    step_to(std::min(text_.find_first_not_of(characters, position_), text_.size()));
  }
  std::string_view read_until(std::string_view characters) {
    const std::size_t from = position_;
    step_to(std::min(text_.find_first_of(characters, position_), text_.size()));
    return text_.substr(from, position_ - from);
  }

 private:
  void step_to(std::size_t position) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(position_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
    position_ = position;
  }

  std::string_view text_;
  std::size_t position_ = 0;
  int line_ = 1;
};

void skip_doctype(Cursor& cursor) {
  cursor.read_until("[>");
  if (cursor.here() == '[') cursor.skip_past("]");
  cursor.skip_past(">");
}

TagLines read_start_tag(Cursor& cursor) {
  TagLines tag;
  tag.line = cursor.line();
  cursor.read_until(" \t\r\n/>");
  while (true) {
    cursor.skip_any(" \t\r\n/");
    if (cursor.at_end() || cursor.here() == '>') break;
    const int line = cursor.line();
    const std::string_view name = cursor.read_until(" \t\r\n=");
    cursor.read_until("\"'");
    const std::string_view quote = cursor.here() == '"' ? "\"" : "'";
    cursor.step();
    cursor.skip_past(quote);
    if (name != "xmlns" && name.substr(0, 6) != "xmlns:") tag.attributes.push_back(line);
    ++tag.attribute_count;
  }
  const auto on_first_line = [&](int line) { return line == tag.line; };
  if (std::all_of(tag.attributes.begin(), tag.attributes.end(), on_first_line)) tag.attributes = {};
  return tag;
}

}  // namespace

std::vector<TagLines> tag_lines(std::string_view text) {
  std::vector<TagLines> tags;
  Cursor cursor(text);
  while (true) {
    cursor.read_until("<");
    if (cursor.at_end()) return tags;
    if (cursor.looking_at("<!--")) {
      cursor.skip_past("-->");
    } else if (cursor.looking_at("<![CDATA[")) {
      cursor.skip_past("]]>");
    } else if (cursor.looking_at("<?")) {
      cursor.skip_past("?>");
    } else if (cursor.looking_at("<!")) {
      skip_doctype(cursor);
    } else if (cursor.looking_at("</")) {
      cursor.skip_past(">");
    } else {
      tags.push_back(read_start_tag(cursor));
    }
  }
}

}  // namespace msfusion
