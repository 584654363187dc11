// Notes, and what varies between results: the table, the runs grouped by a setting, a page of many runs.
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>
#include <sstream>

#include "reports/export.hpp"
#include "reports/html_report.hpp"
#include "reports/markdown.hpp"
#include "reports/page_groups.hpp"
#include "reports/settings.hpp"
#include "sim/record/format.hpp"
#include "sim/record/store.hpp"
#include "tests/reports/sample_store.hpp"
#include "tests/support/browser.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

/// What is left of a page's text when the tags that notes may have are taken away.
std::string without_allowed_tags(const std::string& html) {
  static const std::regex allowed(
      "<ol start=\"[0-9]+\">|</?(p|h3|h4|ul|ol|li|pre|code|strong|em|blockquote)>|<(hr|br) />|</a>|<code "
      "class=\"language-[^\"<> ]*\">|"
      "<a href=\"https?://[^\"<> ]*\">");
  return std::regex_replace(html, allowed, "");
}

void write_study(const fs::path& folder, const std::string& scenario, int seeds, int rounds = 4) {
  SampleOptions options;
  options.methods = {"msfusion", "fedavg"};
  options.seeds = seeds;
  options.rounds = rounds;
  options.name = folder.filename().string();
  write_sample(folder, options);
  StoreWriter::open((folder / "run.sqlite").string()).set_meta(meta_key::scenario_text, scenario);
}

std::string scenario(const std::string& batch, const std::string& model, const std::string& more = "") {
  return fmt::format(
      "<scenario name=\"study\"><model kind=\"mlp\" hidden=\"{1}\"/><training rounds=\"4\" {0}/><methods><method "
      "name=\"fedavg\"/><method name=\"msfusion\" label=\"ours\" split=\"0.5\"/>{2}</methods></scenario>",
      batch, model, more);
}

}  // namespace

TEST_CASE("notes become the HTML that their marks mean") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"one\ntwo\n\nthree", "<p>one\ntwo</p>\n<p>three</p>\n"},
      {"# Why\ntext\n\n### How", "<h3>Why</h3>\n<p>text</p>\n<h4>How</h4>\n"},
      {"- a\n- b\n  more\n\n1. c", "<ul>\n<li>a</li>\n<li>b\nmore</li>\n</ul>\n<ol>\n<li>c</li>\n</ol>\n"},
      {"**bold *and* more**", "<p><strong>bold <em>and</em> more</strong></p>\n"},
      {"2 * 3 * 4, 2 ** 3 ** 4", "<p>2 * 3 * 4, 2 ** 3 ** 4</p>\n"},
      {"`a *b* <c>`", "<p><code>a *b* &lt;c&gt;</code></p>\n"},
      {"```\n# x <y>\n```", "<pre><code># x &lt;y&gt;\n</code></pre>\n"},
      {"[see](https://a.b/c?d=1&e)", "<p><a href=\"https://a.b/c?d=1&amp;e\">see</a></p>\n"},
      {"[no](javascript:alert(1)) ![**a** b](https://a.b/c.png)", "<p>no <strong>a</strong> b</p>\n"},
      {"<div>x</div>", "<p>&lt;div&gt;x&lt;/div&gt;\n</p>\n"},
      {"<b>x</b> & \"y\"", "<p>&lt;b&gt;x&lt;/b&gt; &amp; &quot;y&quot;</p>\n"},
      {"", ""}};
  for (const auto& [text, html] : cases) {
    INFO(text);
    CHECK(html_of_markdown(text) == html);
  }
}

TEST_CASE("no text makes notes that hold another tag or an attribute of its own") {
  const std::vector<std::string> pieces = {
      "<",        ">",    "\"",   "'",       "&", "*",        "**",          "`", "```", "\n", "- ",
      "1. ",      "# ",   "[",    "](",      ")", "https://", "javascript:", " ", "x",   "=",  "onclick=\"y\"",
      "<script>", "\x01", "\xff", "\xc3\xa4"};
  std::mt19937 draw(7);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (int n = static_cast<int>(draw() % 40); n > 0; --n) text += pieces[draw() % pieces.size()];
    const std::string html = html_of_markdown(text), rest = without_allowed_tags(html);
    INFO(text << "\n" << html);
    REQUIRE(rest.find_first_of("<>\"") == rest.npos);
  }
}

TEST_CASE("settings that differ are found with their values, and no others") {
  TemporaryFolder folder;
  write_study(folder.path / "one", scenario("batch=\"8\"", "16"), 1);
  write_study(folder.path / "two", scenario("", "16", "<method name=\"scaffold\"/>"), 1);
  const auto results = open_results({(folder.path / "one").string(), (folder.path / "two").string()});
  const auto settings = differing_settings(results);
  REQUIRE(settings.size() == 3);
  CHECK(settings[0].path == "training.batch");
  CHECK(settings[0].values == std::vector<std::optional<std::string>>{"8", std::nullopt});
  CHECK(settings[1].path == "methods.method[scaffold]");
  CHECK(settings[1].values == std::vector<std::optional<std::string>>{std::nullopt, "yes"});
  CHECK(settings[2].path == "methods.method[scaffold].name");
  const std::string page = html_report({results.stores[0].folder, results.stores[1].folder});
  CHECK_THAT(page, ContainsSubstring(html_text(settings_table(results, settings))));
}

TEST_CASE("settings of stores without a readable scenario are no trouble") {
  TemporaryFolder folder;
  write_study(folder.path / "one", "not <xml", 1);
  write_study(folder.path / "two", scenario("batch=\"8\"", "16"), 1);
  const std::string page = html_report({(folder.path / "one").string(), (folder.path / "two").string()});
  CHECK_THAT(page, ContainsSubstring("training.batch"));
}

TEST_CASE("a mean over seeds takes each seed's mean over its runs once, with Student's interval") {
  if (std::system("command -v node > /dev/null 2>&1") != 0) return;
  TemporaryFolder folder;
  // Seed 1: 0.2 and 0.4, mean 0.3; seed 2: 0.6. Mean 0.45, deviation 0.3 / sqrt(2), t(1) = 12.706: 12.706 * 0.15.
  write_file(
      (folder.path / "try.mjs").string(),
      "import { overSeeds } from '" + source_file("reports/page/charts/groups.mjs") +
          "';\nconst runs = [['1', 0.2], ['1', 0.4], ['2', 0.6], ['3', null]].map(([seed, y]) => ({ seed, y }));\n"
          "const { mean, half, seeds, lacking } = overSeeds(runs, (run) => run.y, { 2: 12.706 });\n"
          "process.exit(Math.abs(mean - 0.45) < 1e-9 && Math.abs(half - 12.706 * 0.15) < 1e-9 && seeds === 2 && "
          "lacking === 1 ? 0 : 1);\n");
  CHECK(std::system(fmt::format("node '{}'", (folder.path / "try.mjs").string()).c_str()) == 0);
}

TEST_CASE("runs are grouped by what varies, and every grouping can be drawn") {
  TemporaryFolder folder;
  std::vector<std::string> folders;
  for (const char* batch : {"32", "8", "16"})
    for (const char* width : {"64", "128"}) {
      folders.push_back((folder.path / (std::string(batch) + "-" + width)).string());
      write_study(folders.back(), scenario(fmt::format("batch=\"{}\"", batch), width), 2);
    }
  const auto results = open_results(folders);
  const auto groups = groups_json(results, differing_settings(results));
  CHECK(groups["labels"] == Json({"msfusion", "fedavg"}));
  REQUIRE(groups["settings"].size() == 2);
  CHECK(groups["settings"][0]["path"] == "model.hidden");
  CHECK(groups["settings"][0]["values"] == Json({"64", "128"}));
  CHECK(groups["settings"][1]["values"] == Json({"8", "16", "32"}));
  CHECK(groups["settings"][1]["of_store"] == Json({2, 2, 0, 0, 1, 1}));
  REQUIRE(groups["runs"].size() == 24);
  for (std::size_t r = 0; r < results.runs.size(); ++r)
    CHECK(groups["runs"][r]["accuracy"].get<double>() ==
          Approx(results.runs[r].summary.final_point()->evaluation.global_accuracy).epsilon(1e-5));
  write_file((folder.path / "page.html").string(), html_report(folders));
  const auto opened = open_reports(folder.path, {"page.html"});
  if (!opened) return;
  const auto& states = opened->charts.at("page.html").at("groups");
  CHECK(states.size() >= 8);
  CHECK(states.count("training.batch") == 1);  // the heat map over it
  for (const auto& [state, seen] : states) {
    INFO(state);
    CHECK(seen == "drawn");
  }
  CHECK_THAT(opened->errors, !ContainsSubstring("CONSOLE"));
}
