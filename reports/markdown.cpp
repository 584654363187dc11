#include "reports/markdown.hpp"

#include <cmark.h>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

namespace msfusion {

namespace {

struct Free {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
  void operator()(cmark_iter* iterator) const { cmark_iter_free(iterator); }
  void operator()(char* text) const { std::free(text); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

cmark_node* text_node(const std::string& words) {
  cmark_node* text = cmark_node_new(CMARK_NODE_TEXT);
  cmark_node_set_literal(text, words.c_str());
  return text;
}

bool is_web(const cmark_node* link) {
  const std::string_view address = cmark_node_get_url(const_cast<cmark_node*>(link));
  return address.substr(0, 8) == "https://" || address.substr(0, 7) == "http://";
}

void replace(cmark_node* node, cmark_node* by) {
  cmark_node_replace(node, by);
  cmark_node_free(node);
}

// As it was written, in a paragraph of its own where it stood between paragraphs.
void show_html(cmark_node* node) {
  cmark_node* text = text_node(cmark_node_get_literal(node));
  if (cmark_node_get_type(node) == CMARK_NODE_HTML_INLINE) return replace(node, text);
  cmark_node* paragraph = cmark_node_new(CMARK_NODE_PARAGRAPH);
  cmark_node_append_child(paragraph, text);
  replace(node, paragraph);
}

// A link or picture whose words alone stay.
void keep_words(cmark_node* node) {
  while (cmark_node* words = cmark_node_first_child(node)) cmark_node_insert_before(node, words);
  cmark_node_unlink(node);
  cmark_node_free(node);
}

void make_harmless(cmark_node* node) {
  constexpr int kHighest = 3, kLowest = 4;  // the page's own headings are h1 to h3
  switch (cmark_node_get_type(node)) {
    case CMARK_NODE_HEADING:
      cmark_node_set_heading_level(node, cmark_node_get_heading_level(node) == 1 ? kHighest : kLowest);
      break;
    case CMARK_NODE_HTML_BLOCK:
    case CMARK_NODE_HTML_INLINE:
      show_html(node);
      break;
    case CMARK_NODE_LINK:
      if (!is_web(node)) keep_words(node);
      break;
    case CMARK_NODE_IMAGE:  // the page loads nothing
      keep_words(node);
      break;
    default:
      break;
  }
}

}  // namespace

std::string html_of_markdown(const std::string& text) {
  const Owned<cmark_node> document(cmark_parse_document(text.data(), text.size(), CMARK_OPT_VALIDATE_UTF8));
  std::vector<cmark_node*> nodes;
  const Owned<cmark_iter> walk(cmark_iter_new(document.get()));
  for (cmark_event_type event; (event = cmark_iter_next(walk.get())) != CMARK_EVENT_DONE;)
    if (event == CMARK_EVENT_ENTER) nodes.push_back(cmark_iter_get_node(walk.get()));
  // The inner ones first, since their parents may go.
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) make_harmless(*node);
  return Owned<char>(cmark_render_html(document.get(), CMARK_OPT_DEFAULT)).get();
}

}  // namespace msfusion
