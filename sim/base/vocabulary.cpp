#include "sim/base/vocabulary.hpp"

#include <fmt/format.h>

namespace msfusion {

namespace {

std::string clipped(const std::string& text) {
  constexpr std::size_t kLongest = 60;
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // not within a UTF-8 character
  return text.substr(0, end) + "...";
}

}  // namespace

std::string GivenAttributes::quote(const std::string& name) const {
  const auto value = values_.find(name);
  return fmt::format("{}=\"{}\" in <{}>", name, value == values_.end() ? "" : clipped(value->second.written), element_);
}

void GivenAttributes::object(const std::string& name, const std::string& found, const std::string& allowed) {
  objections_.push_back({name, found, allowed});
}

void GivenAttributes::refuse(const std::string& name, const std::string& allowed) {
  refused_.insert(name);
  object(name, quote(name), allowed);
}

}  // namespace msfusion
