// Differential privacy in whole runs: the same however a run is carried out, and told everywhere.
#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::vector<std::string> privacy(const std::string& folder, int workers, const std::string& rounds = "5") {
  return {"run",   input("privacy.xml"),       "-j", std::to_string(workers), "--checkpoint-every", "1", "-o", folder,
          "--set", "training.rounds=" + rounds};
}

}  // namespace

TEST_CASE("private runs are the same with one and two workers, and when they go on, to the last bit") {
  const TemporaryFolder folder;
  const Ended one = msfusion_program(privacy(folder.file("one"), 1));
  INFO(one.out << one.err);
  REQUIRE(one.code == 0);
  CHECK_THAT(one.out, ContainsSubstring("  epsilon ") && ContainsSubstring("Epsilon of a user after all rounds: "));
  CHECK_THAT(text_of(folder.file("one/report.html")), ContainsSubstring("What the users are guaranteed"));
  REQUIRE(msfusion_program(privacy(folder.file("two"), 2)).code == 0);
  CHECK(tables_of(folder.file("two")) == tables_of(folder.file("one")));

  REQUIRE(msfusion_program(privacy(folder.file("longer"), 2, "3")).code == 0);
  std::vector<std::string> longer = privacy(folder.file("longer"), 2);
  longer.push_back("--resume");
  REQUIRE(msfusion_program(longer).code == 0);
  CHECK(tables_of(folder.file("longer"))["privacy"] == tables_of(folder.file("one"))["privacy"]);
  CHECK(tables_of(folder.file("longer"))["evaluations"] == tables_of(folder.file("one"))["evaluations"]);
}

TEST_CASE("a plan tells the epsilon that a run has, and a recost keeps what training found") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(privacy(folder.file("r"), 2)).code == 0);
  const Ended planned = msfusion_program({"plan", input("privacy.xml"), "-o", folder.file("p")});
  REQUIRE(planned.code == 0);
  CHECK_THAT(planned.out, ContainsSubstring("  privacy       epsilon "));
  REQUIRE(
      msfusion_program({"recost", folder.file("r"), "--platform", input("platform.xml"), "-o", folder.file("again")})
          .code == 0);
  const StoreReader run(folder.file("r/run.sqlite")), plan(folder.file("p/run.sqlite")),
      again(folder.file("again/run.sqlite"));
  for (const RunRecord& record : run.runs()) {
    INFO(record.label);
    const auto found = run.privacy(record.run), costs = plan.privacy(record.run), recosted = again.privacy(record.run);
    REQUIRE(found.size() == 5);
    REQUIRE(costs.size() == 5);
    REQUIRE(recosted.size() == 5);
    for (std::size_t i = 0; i < 5; ++i) {
      CHECK(found[i].epsilon > (i > 0 ? found[i - 1].epsilon : Maybe(0)));
      CHECK(costs[i].epsilon == found[i].epsilon);
      CHECK(recosted[i].epsilon == found[i].epsilon);
      CHECK_FALSE(costs[i].clip.has_value());
      CHECK(recosted[i].clip == found[i].clip);
      CHECK(recosted[i].shortened == found[i].shortened);
      CHECK(found[i].clip > 0);
    }
  }
}
