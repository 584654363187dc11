#include <filesystem>
#include <fstream>
#include <iterator>

#include "sim/base/resources.hpp"
#include "sim/base/xml_schema.hpp"
#include "sim/scenario/scenario.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

SchemaGuide schema() {
  return SchemaGuide(resource_file("scenarios/scenario.xsd"));
}

/// The reference by section: "## `<training>`" up to the next one.
std::string section_of(const std::string& element) {
  std::ifstream in(resource_file("scenarios/README.md"));
  const std::string page{std::istreambuf_iterator<char>(in), {}};
  const std::size_t begin = page.find("## `<" + element + ">`");
  if (begin == std::string::npos) return "";
  return page.substr(begin, page.find("\n## ", begin) - begin);
}

}  // namespace

TEST_CASE("every attribute of the schema is documented, in the schema and in the reference") {
  const SchemaGuide guide = schema();
  for (const std::string& element : guide.elements()) {
    const std::string section = section_of(element);
    INFO(element);
    CHECK_FALSE(section.empty());
    for (const SchemaAttribute& attribute : guide.attributes(element)) {
      INFO(attribute.name);
      CHECK(attribute.documentation.size() > 10);
      CHECK(section.find("\n| `" + attribute.name + "` |") != std::string::npos);
      CHECK_FALSE(guide.allowed(element, attribute.name, "").empty());
      for (const std::string& value : guide.enumeration(attribute.type))
        CHECK(section.find(value) != std::string::npos);
    }
  }
}

TEST_CASE("every attribute of the schema is read: the reference names none that does nothing") {
  // An attribute that no reader knows would be taken without a word.
  const std::string folder = source_file("sim/scenario");
  std::string code;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    std::ifstream in(file.path());
    code.append(std::istreambuf_iterator<char>(in), {});
  }
  const SchemaGuide guide = schema();
  for (const std::string& element : guide.elements()) {
    if (element == "method") continue;  // passed on as it is
    for (const std::string& attribute : guide.attribute_names(element)) {
      INFO(element << " " << attribute);
      CHECK(code.find("\"" + attribute + "\"") != std::string::npos);
    }
  }
}

TEST_CASE("the scenarios that ship are right and bear the names of their files") {
  for (const auto& entry :
       std::filesystem::directory_iterator(source_file("scenarios"))) {
    if (entry.path().extension() != ".xml") continue;
    INFO(entry.path());
    CHECK(read_scenario(entry.path().string(), {}).name == entry.path().stem());
  }
}
