// The schema and the reference are printed from the vocabulary; what ships must be what is printed.
#include "sim/scenario/reference.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "sim/scenario/elements.hpp"
#include "tests/scenario/scenario_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("the schema that ships is the one that `msfusion list schema` prints") {
  CHECK(text_of(source_file("scenarios/scenario.xsd")) == schema_text());
}

TEST_CASE("the reference that ships is the one that `msfusion list attributes` prints") {
  const std::string page = text_of(source_file("scenarios/README.md")), reference = reference_text();
  REQUIRE(page.size() > reference.size());
  CHECK(page.substr(page.size() - reference.size()) == reference);
}

TEST_CASE("every attribute says what it means, what it takes and what holds without it") {
  for (const ElementInfo& element : scenario_elements()) {
    std::set<std::string> names;
    for (const AttributeInfo& attribute : element.attributes) {
      INFO(element.name << " " << attribute.name);
      CHECK(names.insert(attribute.name).second);
      CHECK(attribute.meaning.size() >= 10);
      CHECK_FALSE(attribute.type.allowed.empty());
      CHECK(attribute.required == attribute.fallback.empty());
    }
  }
}

TEST_CASE("no source but a vocabulary spells the name of an attribute") {
  namespace fs = std::filesystem;
  std::vector<std::string> names;  // those with a hyphen: others are common words
  for (const ElementInfo& element : scenario_elements())
    for (const AttributeInfo& attribute : element.attributes)
      if (attribute.name.find('-') != std::string::npos) names.push_back('"' + attribute.name + '"');
  for (const char* folder : {"sim", "tools", "reports"})
    for (const auto& entry : fs::recursive_directory_iterator(source_file(folder))) {
      const std::string name = entry.path().filename().string(), end = entry.path().extension().string();
      const bool is_vocabulary =
          name.find("_options.") != std::string::npos || name.find("_vocabulary.cpp") != std::string::npos;
      if ((end != ".cpp" && end != ".hpp") || is_vocabulary) continue;
      const std::string text = text_of(entry.path().string());
      for (const std::string& attribute : names) {
        INFO(entry.path() << " " << attribute);
        CHECK(text.find(attribute) == std::string::npos);
      }
    }
}

TEST_CASE("defaults that are values are values of their type") {
  for (const ModelKind& kind : model_kinds())
    for (const AttributeInfo& attribute : kind.attributes()) {
      INFO(kind.name << " " << attribute.name);
      CHECK((attribute.type.accepts(attribute.fallback) || attribute.fallback.rfind("none: ", 0) == 0));
    }
}

TEST_CASE("the scenarios that ship are right and bear the names of their files") {
  for (const auto& entry : std::filesystem::directory_iterator(source_file("scenarios"))) {
    if (entry.path().extension() != ".xml") continue;
    INFO(entry.path());
    CHECK(read_scenario(entry.path().string(), {}).name == entry.path().stem());
  }
}
