// Checks of single attributes of a platform file; what is wrong is collected.
#pragma once

#include <string>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/xml.hpp"

namespace msfusion {

class ElementChecks {
 public:
  explicit ElementChecks(std::string file) : file_(std::move(file)) {}

  const std::string& file() const { return file_; }
  std::vector<Mistake>& mistakes() { return mistakes_; }

  void report(int line, std::string found, std::string allowed) {
    mistakes_.push_back({file_, line, std::move(found), std::move(allowed)});
  }

  /// The attribute's text; a missing one is reported and gives an empty text.
  std::string required(const XmlElement& element, const std::string& name);

  /// Speeds above 0 separated by commas, one per power state; returns how many.
  int speeds(const XmlElement& element, const std::string& attribute);

  /// Bandwidths above 0 separated by commas.
  void bandwidths(const XmlElement& element, const std::string& attribute);

  /// A latency of 0 or more, if the attribute is there.
  void latency(const XmlElement& element, const std::string& attribute);

  /// How many hosts a radical such as "0-9,12" stands for; 0 if it is none.
  long long radical_size(const XmlElement& element, long long most);

 private:
  std::string file_;
  std::vector<Mistake> mistakes_;
};

}  // namespace msfusion
