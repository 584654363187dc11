#include <chrono>

#include "tests/scenario/scenario_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/sanitizer.hpp"

using namespace msfusion;
using test::Parts;

TEST_CASE("hostile files end with a message within a second") {
  std::string deep, wide = "<scenario name='x'>", attributes = "<scenario name='x'";
  for (int i = 0; i < 100000; ++i) deep += "<scenario>";
  for (int i = 0; i < 50000; ++i) wide += "<x" + std::to_string(i) + "/>";
  for (int i = 0; i < 5000; ++i) attributes += " a" + std::to_string(i) + "='1'";
  const std::string text =
      GENERATE_COPY(as<std::string>(), "", "not xml", "<scenario", deep, wide + "</scenario>", attributes + "/>",
                    "<scenario name='" + std::string(100u << 20, 'x') + "'/>",
                    "<scenario name='" + std::string(3u << 20, 'x') + "'/>",
                    "<!DOCTYPE scenario [<!ENTITY a 'aaaa'>]><scenario name='&a;'/>",
                    "<!DOCTYPE scenario SYSTEM 'http://localhost:1/x.dtd'><scenario/>",
                    "<!DOCTYPE scenario [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><scenario>&x;</scenario>",
                    std::string("<scenario name='a\0b'/>", 22));
  const test::ScenarioFile file(text);
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(read_scenario(file.path(), {}), UserError);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(kSanitized ? 20 : 1));
}

TEST_CASE("an expensive value is refused soon and quoted short") {
  Parts parts;
  parts.model = "<model kind='" + std::string(1u << 20, 'a') + "'/>";
  CHECK(test::mistakes(parts).size() < 500);
  parts.model = "<model kind='mlp' hidden='";
  for (int i = 0; i < 300000; ++i) parts.model += "1 ";
  parts.model += "'/>";
  CHECK(test::mistakes(parts).size() < 500);
}

TEST_CASE("a file that is not there is told by name") {
  CHECK_THROWS_WITH(read_scenario("/nowhere/s.xml", {}), "/nowhere/s.xml: no such file; check the path");
}
