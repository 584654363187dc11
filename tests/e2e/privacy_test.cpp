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

TEST_CASE("secure aggregation changes what a run costs, and nothing that is learned") {
  const TemporaryFolder folder;
  std::string clear = text_of(input("secure.xml"));
  clear.erase(clear.find("<privacy"), clear.find("<methods>") - clear.find("<privacy"));
  clear.replace(clear.find("platform.xml"), 12, input("platform.xml"));
  REQUIRE(msfusion_program({"run", folder.write("clear.xml", clear), "-o", folder.file("clear")}).code == 0);
  REQUIRE(msfusion_program({"run", input("secure.xml"), "-o", folder.file("secure")}).code == 0);
  const Ended planned = msfusion_program({"plan", input("secure.xml"), "-o", folder.file("plan")});
  CHECK_THAT(planned.out, ContainsSubstring("  secure sums   "));
  CHECK_THAT(text_of(folder.file("secure/report.html")), ContainsSubstring("What secure aggregation cost"));
  const StoreReader without(folder.file("clear/run.sqlite")), with(folder.file("secure/run.sqlite")),
      plan(folder.file("plan/run.sqlite"));
  for (const RunRecord& run : with.runs()) {
    INFO(run.label);
    const auto a = without.evaluations(run.run), b = with.evaluations(run.run);
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].global_loss == b[i].global_loss);
    CHECK(with.rounds(run.run).back().end_seconds > without.rounds(run.run).back().end_seconds);
    CHECK(with.rounds(run.run).back().bytes_sent > without.rounds(run.run).back().bytes_sent / 2);
    const auto found = with.secure_sums(run.run), costs = plan.secure_sums(run.run);
    REQUIRE(found.size() == 4);
    CHECK(found[0].sums == 1);
    CHECK(found[0].lost_sums == 0);
    CHECK(found[0].bytes == costs[0].bytes);
    CHECK(found[0].device_seconds == costs[0].device_seconds);
    CHECK(with.privacy(run.run).empty());
  }
}

TEST_CASE("a sum that too few devices answer for is lost, and its round changes nothing") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program({"run", input("secure.xml"), "-o", folder.file("r"), "--set", "constraints.message-loss=0.4",
                            "--set", "evaluation.every=1"})
              .code == 0);
  const StoreReader store(folder.file("r/run.sqlite"));
  int lost = 0;
  const auto rounds = store.rounds(0);
  const auto evaluations = store.evaluations(0);
  const auto sums = store.secure_sums(0);
  for (std::size_t i = 0; i < sums.size(); ++i) {
    CHECK((rounds[i].completed == 0) == (sums[i].lost_sums == 1));
    lost += sums[i].lost_sums;
    if (i > 0 && sums[i].lost_sums == 1) CHECK(evaluations[i].global_loss == evaluations[i - 1].global_loss);
  }
  CHECK(lost > 0);
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
