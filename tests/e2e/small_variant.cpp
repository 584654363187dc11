#include "tests/e2e/small_variant.hpp"

#include <sstream>
#include <stdexcept>

#include "tests/e2e/program.hpp"
#include "tests/support/paths.hpp"

namespace msfusion {

std::string shipped(const std::string& name) {
  return source_file("scenarios/" + name + ".xml");
}

// The settings are the lines between the one that announces the small variant and the end of the comment.
std::vector<std::string> small_variant(const std::string& name) {
  std::istringstream lines(text_of(shipped(name)));
  std::vector<std::string> arguments = {"run", shipped(name)};
  std::string line;
  while (std::getline(lines, line) && line.find("A small variant") == std::string::npos) {
  }
  while (std::getline(lines, line) && line.find("-->") == std::string::npos)
    arguments.insert(arguments.end(), {"--set", line.substr(line.find_first_not_of(' '))});
  if (arguments.size() == 2) throw std::runtime_error(name + " states no small variant");
  return arguments;
}

}  // namespace msfusion
