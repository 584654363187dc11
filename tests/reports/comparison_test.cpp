#include "reports/comparison.hpp"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reports/answer.hpp"
#include "reports/export.hpp"
#include "reports/scale.hpp"
#include "reports/statistics.hpp"
#include "reports/summary.hpp"
#include "sim/base/error.hpp"
#include "tests/reports/sample_store.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::string store_of(const TemporaryFolder& folder) {
  return (folder.path / "run.sqlite").string();
}

/// RFC 4180, for checking.
std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> lines{{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"')
        lines.back().back() += '"', ++i;
      else if (c == '"')
        quoted = false;
      else
        lines.back().back() += c;
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      lines.back().emplace_back();
    } else if (c == '\n') {
      lines.push_back({""});
    } else {
      lines.back().back() += c;
    }
  }
  lines.pop_back();
  return lines;
}

}  // namespace

TEST_CASE("a 95 % interval equals the one from Student's table") {
  CHECK_FALSE(estimate({}).has_value());
  CHECK_FALSE(estimate({3})->half_width.has_value());
  const auto three = estimate({1, 2, 3});
  CHECK(three->mean == 2);
  CHECK(*three->half_width == Approx(4.3027 / std::sqrt(3.0)).epsilon(1e-4));
}

TEST_CASE("numbers keep three significant digits and a column has one unit") {
  CHECK(three_digits(0.1234) == "0.123");
  CHECK(three_digits(1.234) == "1.23");
  CHECK(three_digits(999) == "999");
  CHECK(three_digits(0) == "0");
  CHECK(three_digits(40) == "40");
  CHECK(choose_scale(Dimension::seconds, {90, 200}).unit == "min");
  CHECK(choose_scale(Dimension::bytes, {2e6, 3e9}).unit == "MB");
  CHECK(with_interval(Estimate{123.4, 5.0, 3}, {"s", 1}) == "123 ± 5");
  CHECK(with_interval(Estimate{1.234, 0.002, 3}, {"s", 1}) == "1.234 ± 0.002");
  CHECK(with_interval({}, {"s", 1}) == "–");
}

TEST_CASE("a target's cost is what was spent up to and including the round that reached it") {
  TemporaryFolder folder;
  write_sample(folder.path, {});
  const StoreReader store(store_of(folder));
  for (const auto& run : store.runs()) {
    const auto summary = summarise(store, run, targets_of(store.meta(), "run.sqlite"));
    for (const auto& target : summary.targets) {
      double bytes = 0, joules = 0, per_device = 0;
      std::optional<EvaluationRecord> first;
      for (const auto& evaluation : store.evaluations(run.run))
        if (!first && evaluation.global_accuracy >= target.accuracy) first = evaluation;
      CHECK(first.has_value() == target.reached.has_value());
      if (!first) continue;
      for (const auto& round : store.rounds(run.run))
        if (round.round <= first->round) bytes += round.bytes_sent, joules += *round.joules;
      for (const auto& device : store.device_rounds(run.run))
        if (device.round <= first->round) per_device += (device.bytes_sent + device.bytes_received) / 10;
      CHECK(target.reached->evaluation.round == first->round);
      CHECK(target.reached->cost.seconds == first->seconds);
      CHECK(target.reached->cost.bytes == Approx(bytes));
      CHECK(*target.reached->cost.bytes_per_device == Approx(per_device));
      CHECK(*target.reached->cost.joules == Approx(joules));
    }
  }
}

TEST_CASE("summary.json has null for what was not reached or is not known") {
  TemporaryFolder folder;
  SampleOptions options;
  options.with_energy = false;
  options.methods = {"heterofl"};
  options.seeds = 1;
  write_sample(folder.path, options);
  const auto json = nlohmann::json::parse(summary_json(StoreReader(store_of(folder))));
  CHECK(json["scenario"] == "sample");
  const auto& run = json["runs"][0];
  CHECK(run["joules"].is_null());
  CHECK(run["usd"].is_null());
  CHECK(run["final_accuracy"].is_number());
  CHECK(run["targets"][1]["accuracy"] == 0.8);
  CHECK(run["targets"][1]["seconds"].is_null());
  CHECK(run["targets"][1]["round"].is_null());
}

TEST_CASE("the comparison names the fastest method, ratios, and who did not get there") {
  TemporaryFolder folder;
  write_sample(folder.path, {});
  const auto text = comparison({folder.path.string()}, TableFormat::terminal);
  CHECK_THAT(text, ContainsSubstring("reached 80 % accuracy first") && ContainsSubstring("Not reached: heterofl in "));
  CHECK_THAT(text, ContainsSubstring("not reached in ") && ContainsSubstring("(best 4"));
  const auto results = open_results({folder.path.string()});
  REQUIRE(results.baseline.has_value());
  CHECK(results.methods[*results.baseline].label == "fedavg");
  const auto table = target_table(results, 0.8);
  const auto own = target_figures(results, results.methods[0], 0.8);
  const auto base = target_figures(results, results.methods[3], 0.8);
  CHECK(table.rows[0][3].note == three_digits(own.seconds->mean / base.seconds->mean) + "×");
  CHECK(table.rows[3][3].note.empty());
}

TEST_CASE("methods that tie are named together, and rounds are counted from one") {
  TemporaryFolder folder;
  SampleOptions options;
  options.methods = {"fedavg", "fedavg"};
  options.labels = {"a", "b"};
  options.seeds = 1;
  options.targets = "0.05";
  write_sample(folder.path, options);
  const auto results = open_results({folder.path.string()});
  CHECK_THAT(answer(results), ContainsSubstring("a and b reached 5 % accuracy in "));
  CHECK(target_figures(results, results.methods[0], 0.05).rounds->mean == 1);
}

TEST_CASE("ratios are not taken of the lucky seeds alone") {
  TemporaryFolder folder;
  SampleOptions options;
  options.unfinished = true;  // two seeds of narrow stop half way
  options.rounds = 20;
  options.targets = "0.7";
  write_sample(folder.path, options);
  const auto results = open_results({folder.path.string()});
  const auto figures = target_figures(results, results.methods[4], 0.7);
  REQUIRE(figures.reached == 1);
  REQUIRE(figures.seeds == 3);
  const auto table = target_table(results, 0.7);
  REQUIRE(table.rows.size() > 4);
  for (const auto& cell : table.rows[4]) CHECK_THAT(cell.note, !ContainsSubstring("×"));
}

TEST_CASE("the CSV comparison parses and equals the figures") {
  TemporaryFolder folder;
  SampleOptions options;
  options.labels = {"a, \"quoted\" label\nof two lines"};
  write_sample(folder.path, options);
  const auto results = open_results({folder.path.string()});
  const auto lines = parse_csv(comparison({folder.path.string()}, TableFormat::csv));
  REQUIRE(lines.size() == 1 + 3 * 5);
  for (const auto& line : lines) CHECK(line.size() == lines[0].size());
  CHECK(lines[1][0] == options.labels[0]);
  CHECK(std::stod(lines[1][6]) == target_figures(results, results.methods[0], 0.6).seconds->mean);
  CHECK(lines[0][6] == "seconds_mean");
}

TEST_CASE("no text of a CSV file is a formula to a spreadsheet, and numbers keep their signs") {
  for (const char* label : {"=HYPERLINK(1)", "+1", "-1", "@sum", "\t=1"}) {
    TemporaryFolder folder;
    SampleOptions options;
    options.labels = {label};
    options.seeds = 1;
    options.rounds = 2;
    write_sample(folder.path, options);
    CHECK(parse_csv(comparison({folder.path.string()}, TableFormat::csv))[1][0] == std::string("'") + label);
    const auto tables = StoreReader(store_of(folder)).result_tables();
    CHECK_THAT(tables.at("runs"), ContainsSubstring(std::string("'") + label));
    CHECK_THAT(tables.at("joints"), ContainsSubstring(",-1,"));
  }
}

TEST_CASE("LaTeX has balanced braces, equal columns and escaped names") {
  TemporaryFolder folder;
  SampleOptions options;
  options.labels = {"50 % of_everything & {more} \\input{/etc/passwd}"};
  write_sample(folder.path, options);
  const auto text = comparison({folder.path.string()}, TableFormat::latex);
  CHECK_THAT(text, ContainsSubstring("\\toprule") && ContainsSubstring("\\bottomrule") && ContainsSubstring("$\\pm$") &&
                       ContainsSubstring("50 \\% of\\_everything \\& \\{more\\}"));
  CHECK_THAT(text, !ContainsSubstring("\\input"));
  int depth = 0, columns = -1;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    int here = 1;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\') {
        ++i;
        continue;
      }
      depth += line[i] == '{' ? 1 : line[i] == '}' ? -1 : 0;
      here += line[i] == '&';
      REQUIRE(depth >= 0);
    }
    if (line.find("\\begin{tabular}") != std::string::npos)
      columns = static_cast<int>(line.size() - line.rfind('{') - 2);
    if (line.size() > 2 && line.substr(line.size() - 2) == "\\\\") CHECK(here == columns);
  }
  CHECK(depth == 0);
}

TEST_CASE("Markdown keeps names within their cells") {
  TemporaryFolder folder;
  SampleOptions options;
  options.labels = {"a | b <script>"};
  write_sample(folder.path, options);
  CHECK_THAT(comparison({folder.path.string()}, TableFormat::markdown),
             ContainsSubstring("a \\| b &lt;script>") && ContainsSubstring("|---|---|---:|"));
}

TEST_CASE("a terminal gets no control characters from a name") {
  CHECK(clean_text("\x1b[31mred\n") == "\xef\xbf\xbd[31mred ");
  CHECK(clean_text("\xff\xc3\xa9") == "\xef\xbf\xbd\xc3\xa9");
}

TEST_CASE("several folders are compared side by side, equal labels told apart") {
  TemporaryFolder folder;
  SampleOptions options;
  options.seeds = 1;
  options.rounds = 5;
  write_sample(folder.path / "slow", options);
  options.name = "fast";
  write_sample(folder.path / "fast", options);
  const auto results = open_results({(folder.path / "slow").string(), (folder.path / "fast").string()});
  CHECK(results.methods.size() == 10);
  CHECK(results.methods[0].label == "msfusion (sample)");
  CHECK(results.methods[5].label == "msfusion (fast)");
}

TEST_CASE("an unreadable folder and an unknown baseline are the user's mistakes, all told at once") {
  TemporaryFolder folder;
  try {
    open_results({(folder.path / "a").string(), (folder.path / "b").string()});
    FAIL("no error");
  } catch (const UserError& error) {
    CHECK(error.mistakes().size() == 2);
  }
  write_sample(folder.path, {});
  CHECK_THROWS_WITH(open_results({folder.path.string()}, "fedsgd"),
                    ContainsSubstring("fedsgd") && ContainsSubstring("msfusion, heterofl"));
}

TEST_CASE("an export holds every table, as the store has it, and explains each column") {
  TemporaryFolder folder;
  SampleOptions options;
  options.seeds = 1;
  options.rounds = 3;
  write_sample(folder.path, options);
  export_csv(folder.path.string(), (folder.path / "csv").string());
  const StoreReader store(store_of(folder));
  for (const auto& [name, text] : store.result_tables()) CHECK(text_of(folder.path / "csv" / (name + ".csv")) == text);
  const auto readme = text_of(folder.path / "csv" / "README.md");
  const auto header = parse_csv(text_of(folder.path / "csv" / "device_rounds.csv")).front();
  for (const auto& column : header) CHECK_THAT(readme, ContainsSubstring("| " + column));
  CHECK(std::filesystem::exists(folder.path / "csv" / "wall.csv"));
  CHECK(nlohmann::json::accept(text_of(folder.path / "csv" / "summary.json")));
  CHECK_THROWS_AS(export_csv(folder.path.string(), "/proc/none"), RunError);
}

TEST_CASE("whole runs have the accuracy and the loss that they ended with, in tables and in CSV") {
  const TemporaryFolder folder;
  SampleOptions options;
  options.methods = {"narrow", "fedavg"};
  options.seeds = 1;
  write_sample(folder.path, options);
  const Results results = open_results({folder.path.string()});
  const double accuracy = results.runs.back().summary.curve.back().evaluation.global_accuracy;
  CHECK_THAT(comparison({folder.path.string()}, TableFormat::markdown), Catch::Matchers::Contains("| Final loss |"));
  std::istringstream lines(comparison_csv(results));
  std::vector<std::string> names;
  std::map<std::string, std::string> last;
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells;
    std::istringstream words(line + ",");
    for (std::string cell; std::getline(words, cell, ',');) cells.push_back(cell);
    if (names.empty()) names = cells;
    REQUIRE(cells.size() == names.size());
    for (std::size_t i = 0; i < cells.size(); ++i) last[names[i]] = cells[i];
  }
  CHECK(std::stod(last.at("final_accuracy_mean")) == Approx(accuracy));
  CHECK(std::stod(last.at("final_loss_mean")) == Approx(2.3 * (1 - accuracy) + 0.1));
}
