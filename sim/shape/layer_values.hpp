// The values of attributes in a model file: numbers, names, lists, and expressions of $variables.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace msfusion {

/// What is wrong with a value.
class ValueError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class LayerVariables {
 public:
  void set(const std::string& name, const std::string& value) { values_[name] = value; }
  void set(const std::string& name, double value);
  bool has(const std::string& name) const { return values_.count(name) > 0; }
  const std::string& text(const std::string& name) const;  ///< throws ValueError where there is none

  /// Sums, differences, products, quotients, remainders and comparisons (1 or 0) of numbers and variables;
  /// $list[2] is the second item of a list; yes and no are 1 and 0.
  double number(const std::string& expression) const;

  /// The text with every $name and ${name} replaced by its value.
  std::string filled(const std::string& text) const;

 private:
  std::map<std::string, std::string> values_;
};

/// Separated by blanks.
std::vector<std::string> items_of(const std::string& text);

}  // namespace msfusion
