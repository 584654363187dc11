#include "sim/scenario/overrides.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/scenario/elements.hpp"

namespace msfusion {

namespace {

/// "method[msfusion]": an element's name and, in brackets, the label or name that picks one of several.
struct PathPart {
  std::string name;
  std::optional<std::string> selector;
};

[[noreturn]] void fail(const Override& change, const std::string& found, const std::string& allowed) {
  throw UserError(Mistake{to_string(change), 0, found, allowed});
}

std::vector<PathPart> parse_path(const Override& change) {
  std::vector<PathPart> parts(1);
  for (std::size_t i = 0; i < change.path.size(); ++i) {
    const char c = change.path[i];
    if (c == '.') {
      parts.emplace_back();
    } else if (c == '[' && !parts.back().selector) {
      std::size_t close = i;  // labels may hold dots and brackets: the selector ends at "]." or at the end
      do close = change.path.find(']', close + 1);
      while (close != std::string::npos && close + 1 < change.path.size() && change.path[close + 1] != '.');
      if (close == std::string::npos) fail(change, "a '[' without ']'", "e.g. methods.method[msfusion].split");
      parts.back().selector = change.path.substr(i + 1, close - i - 1);
      i = close;
    } else {
      parts.back().name += c;
    }
  }
  return parts;
}

std::string label_of(const XmlElement& element) {
  return element.attribute("label").value_or(element.attribute("name").value_or(""));
}

std::string labels_of(const std::vector<XmlElement>& elements) {
  std::string list;
  for (const XmlElement& element : elements)
    list += fmt::format("{}{}[{}]", list.empty() ? "" : ", ", element.name(), label_of(element));
  return list;
}

XmlElement select(const Override& change, const std::vector<XmlElement>& candidates, const PathPart& part) {
  std::vector<XmlElement> fitting = candidates;
  if (part.selector) {
    const auto keep = [&](const auto& fits) {
      fitting.clear();
      std::copy_if(candidates.begin(), candidates.end(), std::back_inserter(fitting), fits);
    };
    keep([&](const XmlElement& one) { return label_of(one) == *part.selector; });
    if (fitting.empty()) keep([&](const XmlElement& one) { return one.attribute("name") == *part.selector; });
  }
  if (fitting.empty())
    fail(change, fmt::format("there is no {}[{}]", part.name, *part.selector), "there are: " + labels_of(candidates));
  if (fitting.size() > 1)
    fail(change, fmt::format("there are {} elements <{}>", fitting.size(), part.name),
         "pick one by its label: " + labels_of(fitting));
  return fitting.front();
}

std::vector<std::string> child_names(const XmlElement& element) {
  std::vector<std::string> names;
  for (const ChildInfo& child : element_info(element.name()).children) names.push_back(child.name);
  return names;
}

XmlElement descend(const Override& change, XmlElement parent, const PathPart& part) {
  const std::vector<XmlElement> candidates = parent.children(part.name);
  if (!candidates.empty()) return select(change, candidates, part);
  const std::vector<std::string> allowed = child_names(parent);
  if (std::find(allowed.begin(), allowed.end(), part.name) == allowed.end())
    fail(change, fmt::format("<{}> has no element '{}'", parent.name(), part.name),
         allowed.empty() ? "no elements are allowed in it" : "allowed: " + one_of(part.name, allowed));
  return parent.add_child(part.name);
}

}  // namespace

std::string to_string(const Override& change) {
  return fmt::format("{} {}={}", change.source, change.path, change.value);
}

std::pair<XmlElement, std::string> apply_override(const XmlElement& root, const Override& change) {
  std::vector<PathPart> parts = parse_path(change);
  XmlElement element = root;
  if (parts.size() > 1 && parts.front().name == element.name()) parts.erase(parts.begin());
  const PathPart attribute = parts.back();
  parts.pop_back();
  for (const PathPart& part : parts) element = descend(change, element, part);

  std::vector<std::string> possible;
  bool known = false;
  for (const AttributeInfo& row : element_info(element.name()).attributes) {
    possible.push_back(row.name);
    known = known || row.name == attribute.name;
  }
  if (attribute.selector || !known) {
    if (parts.empty())  // "rounds=3": the path is too short
      for (const std::string& child : child_names(element)) possible.push_back(child + ".ATTRIBUTE");
    fail(change, fmt::format("<{}> has no attribute '{}'", element.name(), attribute.name),
         possible.empty() ? "it has none" : "allowed: " + one_of(attribute.name, possible));
  }
  if (!is_xml_text(change.value)) fail(change, "the value holds characters that XML cannot", "text in UTF-8 is needed");
  if (!change.value.empty()) {
    element.set_attribute(attribute.name, change.value);
  } else if (element.attribute(attribute.name)) {
    element.remove_attribute(attribute.name);
  } else {
    fail(change, fmt::format("<{}> has no {} that could be taken away", element.name(), attribute.name), "a value");
  }
  return {element, attribute.name};
}

}  // namespace msfusion
