#include "reports/html_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "reports/answer.hpp"
#include "reports/comparison.hpp"
#include "reports/export.hpp"
#include "reports/figures.hpp"
#include "reports/table.hpp"
#include "sim/base/error.hpp"
#include "sim/base/xml.hpp"
#include "sim/record/store.hpp"
#include "tests/reports/sample_store.hpp"
#include "tests/support/browser.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

const char* const kHostile = "<script>alert(1)</script><!-- \"'&\x1b[31m";

nlohmann::json data_of(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const auto from = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

std::string with_plain_blanks(std::string html) {
  const std::string unbroken = "&nbsp;";
  for (auto at = html.find(unbroken); at != std::string::npos; at = html.find(unbroken, at))
    html.replace(at, unbroken.size(), " ");
  return html;
}

/// The page after its script ran; nothing if there is no Chromium.
std::optional<OpenedPage> drawn_by_chromium(const fs::path& folder, const std::string& page,
                                            const std::string& window = "--window-size=1280,900") {
  write_file((folder / "page.html").string(), page);
  return open_page(folder / "page.html", window);
}

void check_drawn(const std::string& page) {
  TemporaryFolder folder;
  const auto drawn = drawn_by_chromium(folder.path, page);
  if (!drawn) {
    WARN("chromium is not installed: the page's script was not tried");
    return;
  }
  CHECK_THAT(drawn->dom, ContainsSubstring("data-drawn=\"all\""));
  CHECK_THAT(drawn->errors, !ContainsSubstring("CONSOLE"));
}

}  // namespace

TEST_CASE("the page's tables and data equal the store") {
  TemporaryFolder folder;
  write_sample(folder.path, {});
  const auto page = html_report({folder.path.string()});
  const auto results = open_results({folder.path.string()});
  CHECK_THAT(page, ContainsSubstring(html_text(target_table(results, 0.8))));
  CHECK_THAT(with_plain_blanks(page), ContainsSubstring(html_escape(answer(results))));
  const auto data = data_of(page);
  REQUIRE(data["runs"].size() == 15);
  const StoreReader store((folder.path / "run.sqlite").string());
  for (const auto& run : store.runs()) {
    const auto evaluations = store.evaluations(run.run);
    const auto& curve = data["runs"][static_cast<std::size_t>(run.run)]["curve"];
    REQUIRE(curve["accuracy"].size() == evaluations.size());
    for (std::size_t i = 0; i < evaluations.size(); ++i) {
      CHECK(curve["accuracy"][i].get<double>() == Approx(evaluations[i].global_accuracy).epsilon(1e-5));
      CHECK(curve["seconds"][i].get<double>() == Approx(evaluations[i].seconds).epsilon(1e-5));
    }
  }
}

TEST_CASE("targets that no run reached take one line, not a table each") {
  TemporaryFolder folder;
  SampleOptions options;
  options.targets = "0.3 0.98 0.99";
  write_sample(folder.path, options);
  const auto page = html_report({folder.path.string()});
  CHECK_THAT(page, ContainsSubstring("Cost until 30 % accuracy") && !ContainsSubstring("Cost until 98 % accuracy"));
  CHECK_THAT(page, ContainsSubstring("No run reached 98 % or 99 % accuracy."));
}

TEST_CASE("fleet, links, batteries and presence on the page equal the store") {
  TemporaryFolder folder;
  write_sample(folder.path, {});
  const auto data = data_of(html_report({folder.path.string()}));
  const StoreReader store((folder.path / "run.sqlite").string());
  const auto& detail = data["details"][0];  // msfusion, first seed: run 0
  const auto close = [](double value) { return Approx(value).epsilon(1e-5); };

  const auto peers = store.peers(0);
  REQUIRE(detail["peers"]["edges"].size() == peers.size());
  CHECK(detail["peers"]["complete"] == false);
  for (std::size_t i = 0; i < peers.size(); ++i)
    CHECK(detail["peers"]["edges"][i] == nlohmann::json({peers[i].device, peers[i].peer}));
  CHECK(data["details"][1]["peers"].is_null());
  CHECK(detail["joints"].size() == store.joints(0).size());

  std::map<std::string, double> bytes, bandwidth;
  double seconds = 0;
  for (const int run : {0, 1, 2}) {
    for (const auto& link : store.links(run)) bytes[link.link] += link.bytes;
    for (const auto& link : store.platform_links(run)) bandwidth[link.link] = link.bandwidth_bytes_per_second;
    for (const auto& round : store.rounds(run)) seconds += round.end_seconds - round.start_seconds;
  }
  REQUIRE(data["links"][0]["list"].size() == 10);
  for (const auto& link : data["links"][0]["list"]) {
    const auto name = link["link"].get<std::string>();
    CHECK(link["bytes"].get<double>() == close(bytes[name] / 3));
    CHECK(link["share"].get<double>() == close(bytes[name] / (bandwidth[name] * seconds)));
    CHECK(link["peak"].get<double>() >= link["share"].get<double>());
  }

  const auto batteries = store.batteries(0);
  const auto& left = detail["batteries"];
  REQUIRE(left["devices"].size() * left["rounds"].size() == batteries.size());
  for (std::size_t i = 0; i < batteries.size(); ++i)
    CHECK(left["values"][i / left["devices"].size()][i % left["devices"].size()].get<double>() ==
          Approx(batteries[i].joules_left / 4e4).margin(1e-4));
  CHECK(detail["switches"]["list"] == nlohmann::json::parse("[[1, 4.0, 0], [1, 6.0, 1]]"));
  CHECK(detail["switches"]["devices"] == nlohmann::json({1}));

  std::map<int, double> computed;
  double length = 0;
  for (const int run : {0, 1, 2}) {
    for (const auto& total : store.activity_totals(run)) computed[total.device] += total.compute / 3;
    length += store.rounds(run).back().end_seconds / 3;
  }
  for (const auto& device : data["devices"][0]["list"]) {
    CHECK(device["time"][0].get<double>() == close(computed[device["id"].get<int>()]));
    double sum = 0;
    for (const auto& part : device["time"]) sum += part.get<double>();
    CHECK(sum == Approx(length).epsilon(1e-3));
  }
}

TEST_CASE("a round's timeline holds what every node did and the critical path, as the store has them") {
  TemporaryFolder folder;
  write_sample(folder.path, {});
  const auto data = data_of(html_report({folder.path.string()}));
  const StoreReader store((folder.path / "run.sqlite").string());
  const auto& rounds = data["details"][1]["timeline"];  // heterofl: run 3, with a server
  REQUIRE(rounds.size() == 40);
  for (const int number : {0, 17, 39}) {
    const auto& round = rounds[static_cast<std::size_t>(number)];
    const auto activities = store.activities(3, number);
    REQUIRE(round["rows"].size() == activities.size());
    for (std::size_t i = 0; i < activities.size(); ++i) {
      CHECK(round["rows"][i][0] == activities[i].device);
      double computing = 0;
      const auto& spans = round["rows"][i][2];
      for (std::size_t at = 0; at < spans.size(); at += 3)
        if (spans[at].get<int>() & 1) computing += spans[at + 2].get<double>() - spans[at + 1].get<double>();
      CHECK(computing == Approx(activities[i].compute_seconds).epsilon(1e-4));
    }
    const auto steps = store.critical_steps(3, number);
    REQUIRE(round["steps"].size() == steps.size());
    CHECK(round["steps"][1][1] == steps[1].receiver);
  }
}

TEST_CASE("where there are no peers, batteries or absences the page says so in words") {
  TemporaryFolder folder;
  auto options = one_method();
  options.methods = {"fedavg"};
  options.with_trouble = false;
  write_sample(folder.path, options);
  const auto drawn = drawn_by_chromium(folder.path, html_report({folder.path.string()}));
  if (!drawn) return;
  CHECK_THAT(drawn->dom, ContainsSubstring("No device of this scenario has a battery.") &&
                             ContainsSubstring("No device was ever switched off in this run.") &&
                             ContainsSubstring("No method of this report exchanges between peers."));
}

TEST_CASE("every chart of a full run draws something, and each in a dark and a narrow window too") {
  TemporaryFolder folder;
  write_sample(folder.path, {});
  const auto page = html_report({folder.path.string()});
  for (const char* window :
       {"--window-size=1280,900", "--window-size=500,900 --blink-settings=preferredColorScheme=0"}) {
    const auto drawn = drawn_by_chromium(folder.path, page, window);
    if (!drawn) return;
    CHECK_THAT(drawn->dom, ContainsSubstring("data-drawn=\"all\""));
    CHECK_THAT(drawn->errors, !ContainsSubstring("CONSOLE"));
    std::size_t figures = 0, drawings = 0;
    for (auto at = drawn->dom.find("<figure data-chart="); at != std::string::npos;
         at = drawn->dom.find("<figure data-chart=", at + 1)) {
      ++figures;
      const auto end = drawn->dom.find("</figure>", at);
      const auto svg = drawn->dom.find("<svg", at), canvas = drawn->dom.find("<canvas", at);
      drawings += svg < end || canvas < end;
    }
    CHECK(figures >= 19);
    CHECK(drawings + 1 == figures);  // all but the disagreement, which the sample has none of
  }
}

TEST_CASE("a hostile name is shown, not run") {
  TemporaryFolder folder;
  auto options = one_method();
  options.name = kHostile;
  options.labels = {kHostile};
  write_sample(folder.path, options);
  const auto page = html_report({folder.path.string()});
  CHECK_THAT(page, !ContainsSubstring("<script>alert") && ContainsSubstring("&lt;script&gt;alert(1)") &&
                       !ContainsSubstring("\x1b"));
  CHECK(data_of(page)["methods"][0]["label"].get<std::string>().find("<script>alert(1)") == 0);
  check_drawn(page);
}

TEST_CASE("the page asks no network for anything") {
  TemporaryFolder folder;
  write_sample(folder.path, one_method());
  const auto page = html_report({folder.path.string()});
  CHECK_THAT(page, !ContainsSubstring("src=\"http") && !ContainsSubstring("href=\"http") &&
                       !ContainsSubstring("@import") && !ContainsSubstring("url(http"));
  CHECK_THAT(page, ContainsSubstring("default-src 'none'"));
}

TEST_CASE("every chart of a finished run is drawn without a console error") {
  TemporaryFolder folder;
  write_sample(folder.path, {});
  check_drawn(html_report({folder.path.string()}));
}

TEST_CASE("unfinished and failed runs are marked, and drawn") {
  TemporaryFolder folder;
  SampleOptions options;
  options.unfinished = true;
  options.with_energy = false;
  write_sample(folder.path, options);
  const auto page = html_report({folder.path.string()}, {"", 5});
  CHECK_THAT(page, ContainsSubstring("Not every run is finished") &&
                       ContainsSubstring("failed after 20 of 40 rounds: loss is not finite") &&
                       ContainsSubstring("running after 20 of 40 rounds") && ContainsSubstring("1 of 3 runs finished"));
  CHECK_THAT(page, ContainsSubstring("http-equiv=\"refresh\" content=\"5\""));
  CHECK_THAT(page, !ContainsSubstring(">Energy"));
  check_drawn(html_report({folder.path.string()}));
}

TEST_CASE("a run of which nothing is done yet gives a page") {
  TemporaryFolder folder;
  auto options = one_method();
  options.rounds = 0;
  write_sample(folder.path, options);
  const auto page = html_report({folder.path.string()});
  CHECK_THAT(page, ContainsSubstring("No accuracy has been measured yet"));
  check_drawn(page);
}

TEST_CASE("many rounds and devices make a page below 5 MB in seconds") {
  TemporaryFolder folder;
  SampleOptions options;
  options.rounds = 100;
  options.devices = 50;
  write_sample(folder.path, options);
  const auto page = html_report({folder.path.string()});
  CHECK(page.size() < 5'000'000);
}

TEST_CASE("a chart that cannot be drawn says so in its place and leaves the others alone") {
  TemporaryFolder folder;
  auto options = one_method();
  write_sample(folder.path, options);
  const auto whole = figures({folder.path.string()}, (folder.path / "whole").string());
  TemporaryFolder damaged;
  options.peer_graph = "to nobody";
  write_sample(damaged.path, options);
  const auto drawn = figures({damaged.path.string()}, (damaged.path / "figures").string());
  REQUIRE(drawn.failures.size() == 1);
  CHECK_THAT(drawn.failures[0], StartsWith("peers-msfusion.svg: "));
  CHECK(drawn.files.size() + 1 == whole.files.size());
  const auto page = drawn_by_chromium(damaged.path, html_report({damaged.path.string()}));
  if (!page) return;
  CHECK_THAT(page->dom, ContainsSubstring("data-drawn=\"failed: peers\"") &&
                            ContainsSubstring("This chart could not be drawn: ") &&
                            ContainsSubstring("data-charts=\"19/19\""));
}

TEST_CASE("the licences of the code in the page travel with it") {
  TemporaryFolder folder;
  write_sample(folder.path, one_method());
  const std::string page = html_report({folder.path.string()});
  for (const char* file :
       {"LICENSE", "reports/page/node_modules/echarts/LICENSE", "reports/page/node_modules/echarts/NOTICE",
        "reports/page/node_modules/zrender/LICENSE",
        // Of what ECharts and zrender hold of others.
        "reports/page/node_modules/echarts/licenses/LICENSE-d3", "reports/page/node_modules/tslib/LICENSE.txt"}) {
    INFO(file);
    std::string text = text_of(source_file(file));
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    text = text.substr(text.find_first_not_of(" \n"), text.find_last_not_of(" \n") + 1 - text.find_first_not_of(" \n"));
    CHECK(page.find(html_escape(text)) != page.npos);
  }
}

TEST_CASE("the page prints, heat maps included") {
  if (std::system("command -v chromium > /dev/null 2>&1") != 0) return;
  TemporaryFolder folder;
  write_sample(folder.path, one_method());
  write_file((folder.path / "page.html").string(), html_report({folder.path.string()}));
  const auto command = fmt::format(
      "cd '{}' && timeout 60 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
      "--disable-background-networking --user-data-dir=profile --enable-logging=stderr --virtual-time-budget=20000 "
      "--print-to-pdf=page.pdf \"file://$PWD/page.html\" 2> errors.txt",
      folder.path.string());
  REQUIRE(std::system(command.c_str()) == 0);
  CHECK(text_of(folder.path / "page.pdf").size() > 50000);
  CHECK_THAT(text_of(folder.path / "errors.txt"), !ContainsSubstring("CONSOLE"));
}

TEST_CASE("write sample pages to look at", "[.pages]") {
  const char* folder = std::getenv("MSFUSION_PAGES");
  REQUIRE(folder != nullptr);
  const auto write = [&](const std::string& name, const SampleOptions& options) {
    const auto store = fs::path(folder) / name;
    fs::remove_all(store);
    write_sample(store, options);
    const auto start = std::chrono::steady_clock::now();
    const auto page = html_report({store.string()});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::cout << fmt::format("{}: {:.2f} s, {:.2f} MB\n", name, took.count(), static_cast<double>(page.size()) / 1e6);
    write_file((fs::path(folder) / (name + ".html")).string(), page);
  };
  write("finished", {});
  SampleOptions unfinished;
  unfinished.unfinished = true;
  write("unfinished", unfinished);
  write("one", one_method());
  SampleOptions hostile;
  hostile.name = kHostile;
  write("hostile", hostile);
  SampleOptions large;
  large.rounds = 500;
  large.devices = 50;
  write("large", large);
  for (const int devices : {5, 200}) {
    auto fleet = one_method();
    fleet.rounds = 5;
    fleet.devices = devices;
    write(fmt::format("fleet-{}", devices), fleet);
  }
}
