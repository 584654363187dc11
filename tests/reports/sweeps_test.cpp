// Combinations of a sweep: one order and one name for each, wherever they are listed; and the rows behind the tables.
#include "reports/sweeps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "reports/comparison.hpp"
#include "reports/html_report.hpp"
#include "reports/run_rows.hpp"
#include "sim/base/units.hpp"
#include "sim/record/format.hpp"
#include "sim/record/store.hpp"
#include "tests/reports/sample_store.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

/// A combination of a sweep over the batch and the split of one method.
std::string write_combination(const fs::path& folder, const std::string& batch, const std::string& split) {
  SampleOptions options;
  options.methods = {"msfusion", "fedavg"};
  options.seeds = 2;
  options.rounds = 4;
  options.name = folder.filename().string();
  write_sample(folder, options);
  auto store = StoreWriter::open((folder / "run.sqlite").string());
  store.set_meta(meta_key::sweep, "study");
  store.set_meta(meta_key::sweep_values,
                 fmt::format("training.batch={}\nmethods.method[a=b].split={}\n", batch, split));
  return folder.string();
}

std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    rows.emplace_back();
    std::istringstream cells(line + ",");
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

}  // namespace

TEST_CASE("values are ordered as numbers where they are numbers") {
  std::vector<std::string> values = {"topk", "16", "1/2", "int8", "0.25", "1e-3", "default", "1/8", "4", "fp16"};
  std::sort(values.begin(), values.end(), value_less);
  CHECK(values == std::vector<std::string>{"1e-3", "1/8", "0.25", "1/2", "4", "16", "default", "fp16", "int8", "topk"});
}

TEST_CASE("a sweep has one order, that of its values, in whatever order its folders are named") {
  TemporaryFolder folder;
  std::vector<std::string> folders;
  for (const char* batch : {"4", "16", "8"})
    for (const char* split : {"1", "1/4", "0.5"})
      folders.push_back(write_combination(folder.path / fmt::format("{}", (folders.size() * 7 + 5) % 9), batch, split));
  const std::string page = html_report(folders);
  const auto results = open_results(folders);
  std::vector<std::string> names;
  for (const auto& store : results.stores) names.push_back(store.name);
  CHECK(names == std::vector<std::string>{"batch=4, split=1/4", "batch=4, split=0.5", "batch=4, split=1",
                                          "batch=8, split=1/4", "batch=8, split=0.5", "batch=8, split=1",
                                          "batch=16, split=1/4", "batch=16, split=0.5", "batch=16, split=1"});
  CHECK(results.methods.front().label == "msfusion (batch=4, split=1/4)");
  std::sort(folders.begin(), folders.end());
  CHECK(html_report(folders) == page);
  std::reverse(folders.begin(), folders.end());
  CHECK(html_report(folders) == page);
  CHECK(comparison(folders, TableFormat::csv) == comparison({folders.rbegin(), folders.rend()}, TableFormat::csv));
  CHECK_THAT(page, ContainsSubstring("2 methods in 9 combinations, 36 runs"));
}

TEST_CASE("results that are of no sweep, or of several, stay in the order in which they are named") {
  TemporaryFolder folder;
  const std::string one = write_combination(folder.path / "one", "16", "1"),
                    two = write_combination(folder.path / "two", "4", "1");
  StoreWriter::open(two + "/run.sqlite").set_meta(meta_key::sweep, "another");
  const auto results = open_results({one, two});
  CHECK(results.stores.front().name == "one");
  CHECK(open_results({two}).stores.front().name == "two");
}

TEST_CASE("the rows behind the tables give the tables' means") {
  TemporaryFolder folder;
  SampleOptions options;
  options.seeds = 3;
  write_sample(folder.path / "a", options);
  const auto results = open_results({(folder.path / "a").string()});
  const auto rows = rows_of(run_rows_csv(results));
  const auto column = [&](const char* name) {
    const auto at = std::find(rows.front().begin(), rows.front().end(), name);
    REQUIRE(at != rows.front().end());
    return static_cast<std::size_t>(at - rows.front().begin());
  };
  CHECK(rows.size() == 1 + results.runs.size() * (results.targets.size() + 1));
  int compared = 0;
  for (const double target : results.targets)
    for (const auto& method : results.methods) {
      double seconds = 0, joules = 0;
      int reached = 0;
      for (const auto& row : rows) {
        REQUIRE(row.size() == rows.front().size());
        if (row[column("method")] != method.label || parse_number(row[column("target_accuracy")]) != target) continue;
        if (row[column("seconds")].empty()) continue;
        seconds += *parse_number(row[column("seconds")]);
        joules += *parse_number(row[column("joules")]);
        ++reached;
      }
      const auto figures = target_figures(results, method, target);
      CHECK(reached == figures.reached);
      if (reached == 0) continue;
      CHECK(seconds / reached == Approx(figures.seconds->mean).epsilon(1e-12));
      CHECK(joules / reached == Approx(figures.joules->mean).epsilon(1e-12));
      ++compared;
    }
  CHECK(compared > 4);
  const std::string page = html_report({(folder.path / "a").string()});
  CHECK_THAT(page,
             ContainsSubstring("<a download=\"runs.csv\" href=\"data:text/csv;charset=utf-8,results,method,seed"));
}
