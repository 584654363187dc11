// A table as a value, and the ways to print it.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

struct TableCell {
  std::string text;
  std::string note;  ///< said more quietly, after the text
};

struct Heading {
  std::string text;
  std::string unit;     ///< empty: none
  bool number = false;  ///< aligned to the right
};

struct Table {
  std::string caption;
  std::vector<Heading> headings;
  std::vector<std::vector<TableCell>> rows;  ///< each as long as `headings`
  std::vector<int> colours;                  ///< per row: the method's palette index; empty: none
  std::string foot;                          ///< what a reader must know of figures that are missing; empty: nothing
};

std::string terminal_text(const Table& table);  ///< aligned columns; control characters of names are made harmless
std::string markdown_text(const Table& table);
std::string latex_text(const Table& table);  ///< a tabular for booktabs, within a table environment with caption
std::string html_text(const Table& table);

std::string html_escape(const std::string& text);  ///< also fit for attribute values; invalid UTF-8 becomes U+FFFD
std::string latex_escape(const std::string& text);

/// The text as valid UTF-8 without control characters, each replaced by U+FFFD; line breaks and tabs become blanks
/// where `one_line`.
std::string clean_text(const std::string& text, bool one_line = true);

}  // namespace msfusion
