// Training that ends in figures that are none.
#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

// One run that trains well and one with a method that cannot.
std::string with_method(const TemporaryFolder& folder, const std::string& method, const std::string& training) {
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"),
                        std::filesystem::copy_options::overwrite_existing);
  return folder.write("s.xml", R"(<scenario name="diverging"><platform file="platform.xml"/>
<data set="synthetic" train-samples="120" test-samples="40"/><model kind="cnn" channels="4 8 8" norm="none"/>
<training rounds="6" batch="8" )" + training +
                                   R"(/>
<methods><method name="fedavg"/>)" +
                                   method + "</methods></scenario>");
}

}  // namespace

TEST_CASE("a run that diverges ends with round, device, layer and last finite loss; the others go on") {
  struct Row {
    const char *what, *method, *training, *whose;
  };
  for (const Row& row : std::vector<Row>{
           {"a device's training", "<method name=\"fedprox\" mu=\"1e12\"/>", "", "device 0"},
           {"what the server merges", "<method name=\"fedadam\" server-learning-rate=\"1e12\"/>", "",
            "the global model"},
       }) {
    const TemporaryFolder folder;
    const Ended run = msfusion_program({"run", with_method(folder, row.method, row.training), "-o", folder.file("r")});
    INFO(row.what << '\n' << run.out << run.err);
    CHECK(run.code == 1);
    CHECK_THAT(run.err, ContainsSubstring("failed: round 0, " + std::string(row.whose) + ": ") &&
                            ContainsSubstring("(first in layer ") && ContainsSubstring("; last finite loss "));
    const StoreReader store(folder.file("r/run.sqlite"));
    const auto runs = store.runs();
    REQUIRE(runs.size() == 2);
    CHECK(runs[0].state == "finished");
    CHECK(store.rounds(0).size() == 6);
    CHECK(runs[1].state == "failed");
    CHECK_THAT(runs[1].message, ContainsSubstring("last finite loss"));
    CHECK_THAT(text_of(folder.file("r/report.html")), ContainsSubstring(runs[1].message.substr(0, 12)));
  }
}
