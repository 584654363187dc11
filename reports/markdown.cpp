#include "reports/markdown.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>

#include "reports/table.hpp"

namespace msfusion {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n';
}

/// The text between two marks that stand tight around it, as in **this** but not in 2 ** 3 ** 4; empty: there is none.
std::string_view enclosed(std::string_view text, std::string_view mark) {
  if (text.substr(0, mark.size()) != mark || text.size() < 2 * mark.size() + 1 || is_blank(text[mark.size()]))
    return {};
  const std::size_t end = text.find(mark, mark.size() + 1);
  if (end == text.npos || is_blank(text[end - 1])) return {};
  return text.substr(mark.size(), end - mark.size());
}

/// A link's words and address. The address is https or http, without blanks, quotes or control characters.
struct Link {
  std::string_view words, address;
  std::size_t length = 0;  ///< of the link as written; 0: no link begins here
};

Link link_at(std::string_view text) {
  if (text.empty() || text.front() != '[') return {};
  const std::size_t middle = text.find("](");
  if (middle == text.npos || middle < 2) return {};
  const std::size_t end = text.find(')', middle);
  if (end == text.npos) return {};
  const std::string_view words = text.substr(1, middle - 1), address = text.substr(middle + 2, end - middle - 2);
  const bool is_web = address.substr(0, 8) == "https://" || address.substr(0, 7) == "http://";
  const bool is_clean = std::none_of(address.begin(), address.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == '"' || c == '\'' || c == '<' || c == '>' || c == '\x7f';
  });
  if (!is_web || !is_clean || words.find('[') != words.npos) return {};
  return {words, address, end + 1};
}

/// What is marked within a line or paragraph. Marks within marks are looked for a few levels deep.
std::string inline_html(std::string_view text, int depth = 0) {
  constexpr int kDeepest = 4;
  std::string html, plain;
  const auto flush = [&] {
    html += html_escape(plain);
    plain.clear();
  };
  const auto marked = [&](const char* tag, std::string_view inside) {
    flush();
    html += std::string("<") + tag + ">" + inline_html(inside, depth + 1) + "</" + tag + ">";
  };
  while (!text.empty()) {
    if (text.front() == '`') {
      const std::size_t end = text.find('`', 1);
      if (end != text.npos && end > 1) {
        flush();
        html += "<code>" + html_escape(std::string(text.substr(1, end - 1))) + "</code>";
        text.remove_prefix(end + 1);
        continue;
      }
    } else if (depth < kDeepest && text.front() == '*') {
      const std::string_view bold = enclosed(text, "**");
      const std::string_view emphasis = bold.empty() && text.substr(0, 2) != "**" ? enclosed(text, "*") : "";
      if (!bold.empty() || !emphasis.empty()) {
        marked(bold.empty() ? "em" : "strong", bold.empty() ? emphasis : bold);
        text.remove_prefix(bold.empty() ? emphasis.size() + 2 : bold.size() + 4);
        continue;
      }
    } else if (const Link link = depth < kDeepest ? link_at(text) : Link{}; link.length > 0) {
      flush();
      html += "<a href=\"" + html_escape(std::string(link.address)) + "\" rel=\"noopener noreferrer\">" +
              inline_html(link.words, kDeepest) + "</a>";
      text.remove_prefix(link.length);
      continue;
    }
    plain += text.front();
    text.remove_prefix(1);
  }
  flush();
  return html;
}

/// What follows "- ", "* " or "12. " at the beginning of a line; none: it is no item.
struct Item {
  bool is_item = false, numbered = false;
  std::string text;
};

Item item_of(const std::string& line) {
  const std::size_t from = line.find_first_not_of(' ');
  if (from == line.npos || from > 3) return {};
  if ((line[from] == '-' || line[from] == '*') && line.substr(from + 1, 1) == " ")
    return {true, false, line.substr(from + 2)};
  std::size_t digits = from;
  while (digits < line.size() && std::isdigit(static_cast<unsigned char>(line[digits]))) ++digits;
  if (digits == from || digits > from + 4 || line.substr(digits, 2) != ". ") return {};
  return {true, true, line.substr(digits + 2)};
}

/// Lines taken one after the other, and the blocks that they make.
class Blocks {
 public:
  void take(const std::string& line) {
    if (line.rfind("```", 0) == 0) return toggle_code();
    if (in_code_) {
      html_ += html_escape(line) + "\n";
      return;
    }
    const Item item = item_of(line);
    if (line.find_first_not_of(" \t") == line.npos) {
      end_list();
    } else if (const int level = heading_level(line); level > 0) {
      end_list();
      // The page's own headings are h1 to h3.
      html_ += level == 1 ? "<h3>" : "<h4>";
      html_ += inline_html(line.substr(static_cast<std::size_t>(level) + 1)) + (level == 1 ? "</h3>\n" : "</h4>\n");
    } else if (item.is_item) {
      begin_item(item);
    } else {
      text_ += (text_.empty() ? "" : "\n") + line;
    }
  }

  std::string finish() {
    if (in_code_) toggle_code();
    end_list();
    return html_;
  }

 private:
  static int heading_level(const std::string& line) {
    const std::size_t level = std::min(line.find_first_not_of('#'), line.size());
    return level >= 1 && level <= 6 && line.substr(level, 1) == " " ? static_cast<int>(level) : 0;
  }

  void end_text() {
    if (!text_.empty() || in_item_)
      html_ += (in_item_ ? "<li>" : "<p>") + inline_html(text_) + (in_item_ ? "</li>\n" : "</p>\n");
    text_.clear();
    in_item_ = false;
  }

  void end_list() {
    end_text();
    if (!list_.empty()) html_ += "</" + list_ + ">\n";
    list_.clear();
  }

  void begin_item(const Item& item) {
    const std::string list = item.numbered ? "ol" : "ul";
    if (list_ == list) {
      end_text();
    } else {
      end_list();
      html_ += "<" + list + ">\n";
      list_ = list;
    }
    text_ = item.text;
    in_item_ = true;
  }

  void toggle_code() {
    if (!in_code_) end_list();
    html_ += in_code_ ? "</pre>\n" : "<pre>";
    in_code_ = !in_code_;
  }

  std::string html_, text_, list_;
  bool in_item_ = false, in_code_ = false;
};

}  // namespace

std::string html_of_markdown(const std::string& text) {
  Blocks blocks;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) blocks.take(line);
  return blocks.finish();
}

}  // namespace msfusion
