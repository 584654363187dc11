#include "reports/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace msfusion {

namespace {

constexpr int kColours = 8;  // of the page's charts (look.mjs); behind them marks are hollow
constexpr const char* kReplacement = "\xef\xbf\xbd";

/// Length in bytes of the UTF-8 sequence at `at`, 0 if it is not valid there.
std::size_t sequence_length(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(at);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                             : lead >= 0xe0 && lead < 0xf0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  if (lead == 0xe0 && byte(at + 1) < 0xa0) return 0;  // overlong
  if (lead == 0xed && byte(at + 1) > 0x9f) return 0;  // surrogates
  if (lead == 0xf0 && byte(at + 1) < 0x90) return 0;
  if (lead == 0xf4 && byte(at + 1) > 0x8f) return 0;
  return length;
}

std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string joined(const TableCell& cell) {
  return cell.note.empty() ? cell.text : cell.text + " (" + cell.note + ")";
}
std::string joined(const Heading& heading) {
  return heading.unit.empty() ? heading.text : heading.text + " [" + heading.unit + "]";
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

}  // namespace

std::string clean_text(const std::string& text, bool one_line) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = sequence_length(text, at);
    const auto lead = static_cast<unsigned char>(text[at]);
    const bool layout = lead == '\n' || lead == '\t' || lead == '\r';
    const bool control =
        lead < 0x20 || lead == 0x7f || (length == 2 && lead == 0xc2 && static_cast<unsigned char>(text[at + 1]) < 0xa0);
    if (layout) {
      clean += one_line || lead == '\r' ? ' ' : text[at];
    } else if (length == 0 || control) {
      clean += kReplacement;
    } else {
      clean.append(text, at, length);
    }
    at += std::max<std::size_t>(length, 1);
  }
  return clean;
}

std::string html_escape(const std::string& text) {
  std::string escaped;
  for (const char c : clean_text(text, false)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string latex_escape(const std::string& text) {
  std::string escaped;
  for (const char c : clean_text(text)) {
    switch (c) {
      case '\\':
        escaped += "\\textbackslash{}";
        break;
      case '~':
        escaped += "\\textasciitilde{}";
        break;
      case '^':
        escaped += "\\textasciicircum{}";
        break;
      case '<':
        escaped += "\\textless{}";
        break;
      case '>':
        escaped += "\\textgreater{}";
        break;
      case '|':
        escaped += "\\textbar{}";
        break;
      case '"':
        escaped += "\\textquotedbl{}";
        break;
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
      case '{':
      case '}':
        escaped += '\\';
        escaped += c;
        break;
      default:
        escaped += c;
    }
  }
  replace_all(escaped, "±", "$\\pm$");
  replace_all(escaped, "×", "$\\times$");
  replace_all(escaped, "–", "--");
  return escaped;
}

std::string terminal_text(const Table& table) {
  std::vector<std::size_t> widths;
  for (const auto& heading : table.headings) widths.push_back(width(joined(heading)));
  for (const auto& row : table.rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(clean_text(joined(row[i]))));
  std::string text = clean_text(table.caption) + "\n\n";
  const auto line = [&](auto&& cell_text) {
    std::string out;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string cell = cell_text(i);
      const std::string padding(widths[i] - width(cell), ' ');
      out += (i ? "  " : "") + (table.headings[i].number ? padding + cell : cell + padding);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    text += out + "\n";
  };
  line([&](std::size_t i) { return joined(table.headings[i]); });
  line([&](std::size_t i) { return std::string(widths[i], '-'); });
  for (const auto& row : table.rows) line([&](std::size_t i) { return clean_text(joined(row[i])); });
  if (!table.foot.empty()) text += "\n" + clean_text(table.foot) + "\n";
  return text;
}

std::string markdown_text(const Table& table) {
  const auto escape = [](const std::string& cell) {
    std::string escaped;
    for (const char c : clean_text(cell)) {
      if (c == '<')
        escaped += "&lt;";
      else if (c == '&')
        escaped += "&amp;";
      else {
        if (std::string_view("|\\`*_[]").find(c) != std::string_view::npos) escaped += '\\';
        escaped += c;
      }
    }
    return escaped;
  };
  std::string text = "**" + escape(table.caption) + "**\n\n|";
  for (const auto& heading : table.headings)
    text += " " + escape(heading.text) + (heading.unit.empty() ? "" : ", " + heading.unit) + " |";
  text += "\n|";
  for (const auto& heading : table.headings) text += heading.number ? "---:|" : "---|";
  text += "\n";
  for (const auto& row : table.rows) {
    text += "|";
    for (const auto& cell : row) text += " " + escape(joined(cell)) + " |";
    text += "\n";
  }
  if (!table.foot.empty()) text += "\n" + escape(table.foot) + "\n";
  return text;
}

std::string latex_text(const Table& table) {
  std::string columns, header, body;
  for (const auto& heading : table.headings) {
    columns += heading.number ? 'r' : 'l';
    header += (header.empty() ? "" : " & ") + latex_escape(joined(heading));
  }
  for (const auto& row : table.rows) {
    std::string line;
    for (const auto& cell : row) line += (&cell == &row.front() ? "" : " & ") + latex_escape(joined(cell));
    body += "    " + line + " \\\\\n";
  }
  return fmt::format(
      "% needs \\usepackage{{booktabs}}\n\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n  "
      "\\begin{{tabular}}{{{}}}\n"
      "    \\toprule\n    {} \\\\\n    \\midrule\n{}    \\bottomrule\n  \\end{{tabular}}\n{}\\end{{table}}\n",
      latex_escape(table.caption), columns, header, body,
      table.foot.empty() ? "" : "\n  " + latex_escape(table.foot) + "\n");
}

namespace {

/// What a note says one after the other, which a page sets on lines of its own.
std::vector<std::string> parts_of(const std::string& note) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at < note.size();) {
    const std::size_t end = std::min(note.find("; ", at), note.size());
    parts.push_back(note.substr(at, end - at));
    at = end + 2;
  }
  return parts;
}

}  // namespace

std::string html_text(const Table& table) {
  std::string text =
      "<div class=\"scroll\"><table>\n<caption><span>" + html_escape(table.caption) + "</span></caption>\n<thead><tr>";
  for (const auto& heading : table.headings)
    text += fmt::format("<th scope=\"col\"{}>{}{}</th>", heading.number ? " class=\"number\"" : "",
                        html_escape(heading.text),
                        heading.unit.empty() ? "" : " <span class=\"unit\">" + html_escape(heading.unit) + "</span>");
  text += "</tr></thead>\n<tbody>\n";
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    text += "<tr>";
    for (std::size_t i = 0; i < table.rows[r].size(); ++i) {
      const auto& cell = table.rows[r][i];
      std::string inner = html_escape(cell.text);
      for (const std::string& note : parts_of(cell.note))
        inner += " <span class=\"note\">" + html_escape(note) + "</span>";
      if (i == 0) {
        const bool method = r < table.colours.size();
        if (method)
          inner = fmt::format("<i class=\"swatch c{}{}\"></i>", table.colours[r] % kColours,
                              table.colours[r] < kColours ? "" : " hollow") +
                  inner;
        text += fmt::format("<th scope=\"row\"{}>{}</th>", method ? " class=\"method\"" : "", inner);
      } else {
        text += fmt::format("<td{}>{}</td>", table.headings[i].number ? " class=\"number\"" : "", inner);
      }
    }
    text += "</tr>\n";
  }
  text += "</tbody></table></div>\n";
  if (!table.foot.empty()) text += "<p class=\"note\">" + html_escape(table.foot) + "</p>\n";
  return text;
}

}  // namespace msfusion
