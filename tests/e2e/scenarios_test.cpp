// The shipped scenarios, each run with the small variant that the comment on its top states.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/e2e/small_variant.hpp"
#include "tests/support/browser.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

struct Shipped {
  const char* name;
  std::size_t methods;
};

template <class Records, class Matches>
bool any(const Records& records, Matches&& matches) {
  return std::any_of(records.begin(), records.end(), matches);
}

// Whether a run recorded what the chart shows. Every run records what the charts that are not named here show.
bool recorded(const StoreReader& store, int run, const std::string& chart) {
  if (chart == "batteries") return any(store.devices(run), [](const auto& device) { return device.battery_joules; });
  if (chart == "availability") return !store.state_events(run).empty();
  if (chart == "peers") return !store.peers(run).empty();
  if (chart == "links") return any(store.links(run), [](const auto& link) { return link.bytes > 0; });
  if (chart == "disagreement") return any(store.evaluations(run), [](const auto& at) { return at.disagreement; });
  if (chart == "fairness") return !store.device_rounds(run).empty();
  if (chart == "overlap")  // is measured between windows
    return !any(store.device_rounds(run), [](const auto& device) {
      return any(device.slice, [](const AxisSlice& axis) { return !axis.is_window; });
    });
  return true;
}

// A setting that is named after a method shows that method's run, any other setting shows all runs.
bool should_be_drawn(const StoreReader& store, const std::string& chart, const std::string& setting) {
  const std::vector<RunRecord> runs = store.runs();
  for (const RunRecord& run : runs)
    if (run.label == setting) return recorded(store, run.run, chart);
  return any(runs, [&](const RunRecord& run) { return recorded(store, run.run, chart); });
}

void check_reports(const TemporaryFolder& folder, const std::vector<std::string>& scenarios) {
  std::vector<std::string> pages;
  for (const std::string& scenario : scenarios) {
    pages.push_back(scenario + ".html");
    std::filesystem::copy_file(folder.path() / scenario / "report.html", folder.path() / pages.back());
  }
  const auto opened = open_reports(folder.path(), pages);
  if (!opened) {
    WARN("chromium is not installed: the reports' charts were not tried");
    return;
  }
  CHECK_THAT(opened->errors, !ContainsSubstring("CONSOLE"));
  REQUIRE(opened->charts.size() == scenarios.size());
  for (const std::string& scenario : scenarios) {
    const StoreReader store(folder.file(scenario + "/run.sqlite"));
    const auto& charts = opened->charts.at(scenario + ".html");
    // Besides: epsilon over rounds, and how sure times are.
    const int more = (scenario == "private" ? 1 : 0) + (store.draws(0).empty() ? 0 : 1);
    CHECK(static_cast<int>(charts.size()) == 19 + more);
    for (const auto& [chart, states] : charts)
      for (const auto& [setting, shown] : states) {
        INFO(scenario << ": " << chart << ", " << setting << ": " << shown);
        CHECK((shown == "drawn") == should_be_drawn(store, chart, setting));
      }
  }
}

}  // namespace

TEST_CASE("every shipped scenario runs in its small variant, and its report draws every chart") {
  const TemporaryFolder folder;
  std::vector<std::string> scenarios;
  for (const Shipped& row : std::vector<Shipped>{
           {"quickstart", 5},
           {"nobody-holds-the-model", 6},
           {"msfusion-ablation", 11},
           {"participants", 3},
           {"heterogeneous-rates", 8},
           {"peer-graphs", 7},
           {"whole-model-baselines", 11},
           {"decentralised-baselines", 6},
           {"asynchronous", 4},
           {"compressed-updates", 8},
           {"slow-links", 6},
           {"depth", 7},
           {"private", 3},
           {"selection", 9},
           {"a-day-of-phones", 3},
           {"niid-bench-cifar10", 3},
           {"niid-bench-fashion-mnist", 4},
           {"paper/ablation-images", 9},
           {"paper/ablation-text", 9},
           {"paper/choice-images", 11},
           {"paper/choice-text", 11},
           {"paper/distillation", 4},
           {"paper/headline", 10},
           {"paper/headline-skewed", 6},
           {"paper/losses", 6},
           {"paper/churn", 4},
           {"paper/scalability-fixed", 6},
           {"paper/scalability-shared", 6},
           {"paper/skewed", 4},
           {"paper/text", 8},
           {"paper/two-classes", 4},
           {"fortunes", 4},
       }) {
    INFO(row.name);
    scenarios.push_back(row.name);
    std::vector<std::string> arguments = small_variant(row.name);
    arguments.insert(arguments.end(), {"-o", folder.file(row.name)});
    const Ended run = msfusion_program(arguments);
    INFO(run.out << run.err);
    REQUIRE(run.code == 0);
    const StoreReader store(folder.file(row.name) + "/run.sqlite");
    REQUIRE(store.runs().size() == row.methods);
    for (const RunRecord& record : store.runs()) {
      INFO(record.label);
      CHECK(record.state == "finished");
      const auto rounds = static_cast<int>(store.rounds(record.run).size());
      CHECK((record.ended_by == "rounds" ? rounds == record.rounds : rounds < record.rounds));
      if (record.until_seconds) CHECK(store.rounds(record.run).back().end_seconds <= *record.until_seconds);
      const auto evaluations = store.evaluations(record.run);
      REQUIRE_FALSE(evaluations.empty());
      CHECK(std::isfinite(evaluations.back().global_loss));
    }
    const Ended figures = msfusion_program({"report", folder.file(row.name), "--figures", folder.file("figures")});
    INFO(figures.err);
    CHECK(figures.code == 0);
  }
  check_reports(folder, scenarios);
}

TEST_CASE("more phones share the same data, and so the same computing in all") {
  std::vector<double> flops;
  for (const char* phones : {"5", "10", "20", "40"}) {
    const TemporaryFolder folder;
    const std::string platform = std::string("platform.file=../platforms/phones-") + phones + ".xml";
    const Ended plan = msfusion_program(
        {"plan", shipped("participants"), "--set", "training.rounds=1", "--set", platform, "-o", folder.file("r")});
    INFO(plan.out << plan.err);
    REQUIRE(plan.code == 0);
    const StoreReader store(folder.file("r/run.sqlite"));
    REQUIRE(static_cast<int>(store.devices(0).size()) == std::stoi(phones) + 1);  // and the server
    flops.push_back(store.rounds(0).front().training_flops);
  }
  for (const double other : flops) CHECK(other == Approx(flops.front()));
}
