// The schema as an editor uses it: it takes what the program takes, and refuses what a schema can refuse.
#include <cstdlib>
#include <filesystem>

#include "tests/scenario/scenario_file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
using test::Parts;

namespace {

bool fits_schema(const std::string& file) {
  const std::string command = "xmllint --nonet --noout --schema '" + source_file("scenarios/scenario.xsd") + "' '" +
                              file + "' > /dev/null 2>&1";
  const int status = std::system(command.c_str());
  REQUIRE(WIFEXITED(status));
  const int code = WEXITSTATUS(status);
  REQUIRE((code == 0 || code == 3));  // 3: the document does not validate; all others are failures of another kind
  return code == 0;
}

}  // namespace

TEST_CASE("the schema takes every scenario that ships") {
  for (const auto& entry : std::filesystem::directory_iterator(source_file("scenarios"))) {
    if (entry.path().extension() != ".xml") continue;
    INFO(entry.path());
    CHECK(fits_schema(entry.path().string()));
  }
}

TEST_CASE("the schema takes a rate as a fraction") {
  Parts parts;
  parts.methods = "<methods><method name='msfusion' split='1/8 1/4'/></methods>";
  const test::ScenarioFile file(parts.text());
  CHECK(fits_schema(file.path()));
}

TEST_CASE("the schema and the program refuse the same wrong scenarios") {
  struct Wrong {
    std::string Parts::*part;
    const char* text;
  };
  using P = Parts;
  for (const Wrong& wrong : std::vector<Wrong>{
           {&P::scenario, ""},
           {&P::scenario, "name='../x'"},
           {&P::scenario, "name='x' nam='y'"},
           {&P::platform, "<platform/>"},
           {&P::platform, "<platform file=''/>"},
           {&P::platform, "<platform file='platform.xml' network='CM03'/>"},
           {&P::data, "<data set='imagenet'/>"},
           {&P::data, "<data set='synthetic' alpha='-1'/>"},
           {&P::data, "<data set='synthetic' synthetic-classes='1'/>"},
           {&P::model, "<model kind='vgg'/>"},
           {&P::model, "<model kind='mlp' hidden=''/>"},
           {&P::model, "<model kind='mlp' hidden='64,32'/>"},
           {&P::model, "<model kind='transformer' dropout='1'/>"},
           {&P::training, "<training/>"},
           {&P::training, "<training rounds='0'/>"},
           {&P::training, "<training rounds='1' learning-rate='+1'/>"},
           {&P::training, "<training rounds='1' until='10'/>"},
           {&P::training, "<training rounds='1' until='10min, 5MB'/>"},
           {&P::training, "<training rounds='1' until='goal'/>"},
           {&P::training, "<training rounds='1' nesterov='yes'/>"},
           {&P::methods, "<methods/>"},
           {&P::methods, "<methods><method name='fedavg' split='1.5'/></methods>"},
           {&P::methods, "<methods><method name='fedavg' label=''/></methods>"},
           {&P::methods, "<methods><method name='fedbuff' concurrency='-1'/></methods>"},
           {&P::methods, "<methods><method name='dsfl' distill-steps='0'/></methods>"},
           {&P::methods, "<methods><method name='dpsgd' graph='geometric' radius='2'/></methods>"},
           {&P::more, "<constraints close='deadline' deadline='30'/>"},
           {&P::more, "<prices energy='0.3EUR/kWh'/>"},
           {&P::more, "<seeds values='1 -2'/>"},
           {&P::more, "<target accuracy='60'/>"},
           {&P::more, "<metods/>"},
           {&P::more, "hm"},
       }) {
    Parts parts;
    parts.*wrong.part = wrong.text;
    INFO(parts.text());
    CHECK_FALSE(test::mistakes(parts).empty());
    CHECK_FALSE(fits_schema(test::ScenarioFile(parts.text()).path()));
  }
}

TEST_CASE("values that were documented and refused, or taken and refused later, are judged once") {
  const auto mistakes = [](const std::string& method) {
    Parts parts;
    parts.methods = "<methods><method " + method + "/></methods>";
    return test::mistakes(parts);
  };
  CHECK(mistakes("name='fedasync' concurrency='0'").empty());
  CHECK(mistakes("name='fedbuff' server-learning-rate='0.5'").empty());
  CHECK(mistakes("name='dpsgd' graph='geometric' radius='1.5'").empty());
  CHECK(mistakes("name='dsfl' distill-steps='0'") ==
        "6: distill-steps=\"0\" in <method>; allowed: a whole number from 1 to 1000000000\n");
  CHECK(mistakes("name='dpsgd' graph='geometric' radius='2'") ==
        "6: radius=\"2\" in <method>; allowed: a number above 0 and up to 1.5\n");
  CHECK(
      mistakes("name='fedavg' server-learning-rate='1'") ==
      "6: server-learning-rate=\"1\" has no effect on method fedavg; it needs merge=\"adam\", \"variates\" or one with "
      "momentum, or the method fedbuff\n");
}
