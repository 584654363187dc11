// Sub-models that leave blocks out, in whole runs: however a run is carried out, its results are the same.
#include <chrono>
#include <thread>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::vector<std::string> depths(const std::string& folder, int workers) {
  return {"run", input("depth.xml"), "-j", std::to_string(workers), "--checkpoint-every", "1", "-o", folder};
}

}  // namespace

TEST_CASE("runs with depth give the same results with one and two workers, and after a kill, to the last bit") {
  const TemporaryFolder folder;
  const Ended one = msfusion_program(depths(folder.file("one"), 1));
  INFO(one.out << one.err);
  REQUIRE(one.code == 0);
  REQUIRE(msfusion_program(depths(folder.file("two"), 2)).code == 0);
  CHECK(tables_of(folder.file("two")) == tables_of(folder.file("one")));

  std::vector<std::string> killed = depths(folder.file("killed"), 2);
  {
    Program program(killed);
    while (!program.has_ended() && rounds_in(folder.file("killed")) < 8)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    program.kill_all();
    program.wait();
  }
  REQUIRE(rounds_in(folder.file("killed")) < rounds_in(folder.file("one")));
  killed.push_back("--resume");
  REQUIRE(msfusion_program(killed).code == 0);
  CHECK(tables_of(folder.file("killed")) == tables_of(folder.file("one")));
}

TEST_CASE("a plan with depth has the run's clock, bytes and work, and a recost of the run too") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(depths(folder.file("r"), 2)).code == 0);
  REQUIRE(msfusion_program({"plan", input("depth.xml"), "-o", folder.file("p")}).code == 0);
  REQUIRE(
      msfusion_program({"recost", folder.file("r"), "--platform", input("platform.xml"), "-o", folder.file("again")})
          .code == 0);
  const StoreReader trained(folder.file("r/run.sqlite"));
  for (const char* other : {"p", "again"}) {
    const StoreReader store(folder.file(std::string(other) + "/run.sqlite"));
    for (const RunRecord& run : trained.runs()) {
      INFO(other << ", " << run.label);
      const auto left = trained.device_rounds(run.run), right = store.device_rounds(run.run);
      REQUIRE(left.size() == right.size());
      for (std::size_t i = 0; i < left.size(); ++i) {
        CHECK(left[i].training_flops == right[i].training_flops);
        CHECK(left[i].parameters == right[i].parameters);
        CHECK(left[i].bytes_sent == right[i].bytes_sent);
        CHECK(left[i].exchange_end_seconds == right[i].exchange_end_seconds);
      }
    }
  }
}
