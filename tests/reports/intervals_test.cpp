// Reports of runs that were timed again on drawn fleets.
#include "reports/intervals.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/comparison.hpp"
#include "reports/figures.hpp"
#include "reports/html_report.hpp"
#include "sim/record/store.hpp"
#include "tests/reports/sample_store.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

/// A sample whose every run took 0.8, 0.9, .. 1.2 times as long in five drawn fleets; of the first method the other way
/// round.
void write_drawn_sample(const std::filesystem::path& folder, const SampleOptions& options) {
  write_sample(folder, options);
  const std::string file = (folder / "run.sqlite").string();
  std::vector<DrawRecord> draws;
  {
    const StoreReader store(file);
    for (const RunRecord& run : store.runs())
      for (const RoundRecord& round : store.rounds(run.run)) {
        DrawRecord record{run.run, round.round, "", "", "", ""};
        for (int fleet = 0; fleet < 5; ++fleet)
          record.seconds += fmt::format("{}{}", fleet > 0 ? " " : "",
                                        round.end_seconds * (run.run == 0 ? 1.2 - 0.1 * fleet : 0.8 + 0.1 * fleet));
        draws.push_back(record);
      }
  }
  StoreWriter::open(file).write_draws({}, draws);
}

SampleOptions two_methods() {
  SampleOptions options;
  options.methods = {"msfusion", "fedavg"};
  options.seeds = 1;
  options.rounds = 12;
  options.targets = "0.1";
  return options;
}

}  // namespace

TEST_CASE("tables, CSV, summary, page and figures show the intervals of drawn fleets") {
  TemporaryFolder folder;
  write_drawn_sample(folder.path, two_methods());
  const std::string path = folder.path.string();
  const Results results = open_results({path});
  const double seconds = results.runs[0].summary.total.seconds;
  const Table table = whole_run_table(results);
  CHECK_THAT(table.caption, ContainsSubstring("from .. to: 90 % of 5 fleets drawn from the platform's uncertainty"));
  const auto scale = choose_scale(Dimension::seconds, {seconds, results.runs[1].summary.total.seconds});
  const std::string ends = in_words(Interval{0.8 * seconds, 1.2 * seconds}, scale);
  bool shown = false;
  for (const TableCell& cell : table.rows[0]) shown = shown || cell.note.find(ends) == 0;
  CHECK(shown);

  CHECK_THAT(comparison_csv(results), ContainsSubstring(",seconds_low,seconds_high,joules_low,joules_high,"));
  const auto summary = nlohmann::json::parse(summary_json(StoreReader(path + "/run.sqlite")));
  CHECK(summary["runs"][0]["seconds_high"].get<double>() == Approx(1.2 * seconds));
  CHECK_FALSE(summary["runs"][0].contains("joules_high"));

  const std::string page = html_report({path});
  CHECK_THAT(page, ContainsSubstring("data-chart=\"sureness\""));
  CHECK_THAT(page, ContainsSubstring("<span class=\"note\">" + ends + "</span>"));
  const auto drawn = figures({path}, (folder.path / "figures").string());
  CHECK(drawn.failures.empty());
  CHECK(std::find(drawn.files.begin(), drawn.files.end(), "sureness-time.svg") != drawn.files.end());
}

TEST_CASE("without drawn fleets no table, page or file says anything of them but that uncertainty is unknown") {
  TemporaryFolder folder;
  write_sample(folder.path, two_methods());
  const std::string path = folder.path.string();
  const std::string page = html_report({path});
  CHECK_THAT(page, !ContainsSubstring("data-chart=\"sureness\""));
  CHECK_THAT(page, ContainsSubstring("the platform states none for its devices and links"));
  CHECK_THAT(comparison_csv(open_results({path})), !ContainsSubstring("_low"));
}

TEST_CASE("fleets in which methods are equally fast are shared between them") {
  CHECK(shares_first({{1, 2, 3, 4}, {2, 2, 2, 2}}) == std::vector<double>{0.375, 0.625});
  CHECK(shares_first({{1, 1}}) == std::vector<double>{1});
  CHECK(shares_first({}).empty());
}

TEST_CASE("figures of drawn fleets that are no numbers are damage") {
  CHECK_THROWS_WITH(drawn_of({0, 0, "1 2 x", "", "", ""}, "run.sqlite"), ContainsSubstring("\"x\""));
}
