// A scenario file in a folder of its own for the time of a test, beside a file that stands for its platform.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/scenario/scenario.hpp"

namespace msfusion::test {

class ScenarioFile {
 public:
  explicit ScenarioFile(const std::string& text)
      : folder_(std::filesystem::temp_directory_path() / ("msfusion-scenario-test-" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ / "platform.xml") << "<platform/>";
    std::ofstream(path()) << text;
  }
  ~ScenarioFile() { std::filesystem::remove_all(folder_); }
  ScenarioFile(const ScenarioFile&) = delete;
  ScenarioFile& operator=(const ScenarioFile&) = delete;

  std::string folder() const { return folder_.string(); }
  std::string path() const { return (folder_ / "s.xml").string(); }

 private:
  std::filesystem::path folder_;
};

/// The elements that every scenario needs, one a line, each replaceable; `more` comes at the end.
struct Parts {
  std::string scenario = R"(name="test")";
  std::string platform = R"(<platform file="platform.xml"/>)";
  std::string data = R"(<data set="synthetic"/>)";
  std::string model = R"(<model kind="mlp"/>)";
  std::string training = R"(<training rounds="3"/>)";
  std::string methods = R"(<methods><method name="fedavg"/></methods>)";
  std::string more;

  std::string text() const {
    return "<scenario " + scenario + ">\n" + platform + "\n" + data + "\n" + model + "\n" + training + "\n" + methods +
           "\n" + more + "\n</scenario>\n";
  }
};

inline Scenario read(const Parts& parts, const std::vector<Override>& overrides = {}) {
  const ScenarioFile file(parts.text());
  return read_scenario(file.path(), overrides);
}

/// What is wrong with a scenario: "LINE: found; allowed" a line, without the file's name.
inline std::string mistakes(const std::string& text, const std::vector<Override>& overrides = {}) {
  const ScenarioFile file(text);
  try {
    read_scenario(file.path(), overrides);
  } catch (const UserError& error) {
    std::string all;
    for (Mistake mistake : error.mistakes()) {
      if (mistake.file == file.path()) mistake.file.clear();
      const std::string line = mistake.file.empty() ? std::to_string(mistake.line) + ": " : "";
      mistake.line = 0;
      all += line + to_string(mistake) + "\n";
    }
    return all;
  }
  return "";
}

inline std::string mistakes(const Parts& parts, const std::vector<Override>& overrides = {}) {
  return mistakes(parts.text(), overrides);
}

}  // namespace msfusion::test
