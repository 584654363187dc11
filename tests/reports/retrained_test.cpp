// Results of one scenario on the platform's own figures and on drawn fleets, as tables of one row a method.
#include "reports/retrained.hpp"

#include <fmt/format.h>

#include "reports/answer.hpp"
#include "reports/comparison.hpp"
#include "reports/html_report.hpp"
#include "sim/record/format.hpp"
#include "sim/record/store.hpp"
#include "tests/reports/sample_store.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

struct Timed {
  const char* label;
  double seconds;
  bool reaches;
};

/// Runs of one round each, which end at 0.6 or 0.4 accuracy.
std::string write_fleet(const fs::path& folder, const std::string& values, const std::vector<Timed>& methods) {
  fs::create_directories(folder);
  std::vector<RunRecord> runs;
  for (const Timed& method : methods) {
    RunRecord run;
    run.run = static_cast<int>(runs.size());
    run.method = run.label = method.label;
    run.seed = 1;
    run.rounds = 1;
    run.state = "waiting";
    runs.push_back(run);
  }
  StoreWriter writer = StoreWriter::create((folder / "run.sqlite").string(),
                                           {{"scenario", folder.filename().string()},
                                            {"targets", "0.5"},
                                            {meta_key::sweep, "study"},
                                            {meta_key::sweep_values, values}},
                                           runs);
  for (const RunRecord& run : runs) {
    const Timed& method = methods[static_cast<std::size_t>(run.run)];
    RoundResult result;
    result.round.run = result.wall.run = run.run;
    result.round.end_seconds = method.seconds;
    EvaluationRecord evaluation;
    evaluation.run = run.run;
    evaluation.seconds = method.seconds;
    evaluation.global_accuracy = method.reaches ? 0.6 : 0.4;
    result.evaluation = evaluation;
    writer.write_round(result);
    writer.set_state(run.run, "finished");
  }
  return folder.string();
}

}  // namespace

TEST_CASE(
    "a method trained on drawn fleets has one row: how often it arrived, how often first, and from where to where") {
  const TemporaryFolder folder;
  // On the third fleet b is first, on the fourth both are, on the fifth nobody arrives.
  const std::vector<std::vector<Timed>> fleets = {
      {{"a", 10, true}, {"b", 20, true}}, {{"a", 11, true}, {"b", 21, true}}, {{"a", 12, true}, {"b", 22, true}},
      {{"a", 30, true}, {"b", 15, true}}, {{"a", 13, true}, {"b", 13, true}}, {{"a", 14, false}, {"b", 24, false}}};
  std::vector<std::string> folders;
  for (std::size_t fleet = 0; fleet < fleets.size(); ++fleet)
    folders.push_back(
        write_fleet(folder.path / fmt::format("f{}", fleet), fmt::format("platform.fleet={}\n", fleet), fleets[fleet]));
  const Results results = open_results({folders.rbegin(), folders.rend()});
  REQUIRE(is_retrained(results));

  const std::vector<Table> tables = retrained_tables(results);
  REQUIRE(tables.size() == 2);
  const auto& rows = tables.front().rows;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0][0].text == "a");
  CHECK(rows[0][1].text == "on 4 of 5 fleets");
  CHECK(rows[0][2].text == "on 2.5");
  CHECK(rows[1][2].text == "on 1.5");
  // A method that some fleet kept from the target has no interval of the times that it took elsewhere.
  CHECK(rows[0][4].text == "10");
  CHECK(rows[0][4].note.empty());
  CHECK_THAT(retrained_answer(results),
             Catch::Matchers::Contains("Trained anew on 5 fleets drawn from the platform's uncertainty, the first to "
                                       "reach 50 % accuracy was a on 2.5 and b on 1.5; on 1 nobody reached it."));
  // Nine in ten of five fleets are all of them.
  const auto& whole = tables.back().rows;
  CHECK(whole[1][4].text == "20");
  CHECK(whole[1][4].note == "13 to 24");

  CHECK_THAT(comparison(folders, TableFormat::markdown), Catch::Matchers::Contains("on 4 of 5 fleets"));
  CHECK_THAT(comparison(folders, TableFormat::markdown), !Catch::Matchers::Contains("fleet=1"));
  CHECK_THAT(html_report(folders), Catch::Matchers::Contains("on 4 of 5 fleets"));
}

TEST_CASE("results that vary in something else, or lack a fleet of their own figures, are no study of drawn fleets") {
  const TemporaryFolder folder;
  const auto write = [&](const char* name, const std::string& values) {
    return write_fleet(folder.path / name, values, {{"a", 10, true}});
  };
  const std::string own = write("f0", "platform.fleet=0\n"), first = write("f1", "platform.fleet=1\n"),
                    second = write("f2", "platform.fleet=2\n"),
                    other = write("g", "platform.fleet=2\ntraining.batch=8\n");
  CHECK(is_retrained(open_results({own, first, second})));
  CHECK_FALSE(is_retrained(open_results({own, first})));
  CHECK_FALSE(is_retrained(open_results({first, second, other})));
  CHECK_FALSE(is_retrained(open_results({own, first, other})));
}
