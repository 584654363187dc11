// Runs on a platform that states how far its figures may be off.
#include <sstream>

#include "sim/record/format.hpp"
#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// platform.xml, whose phones' computing and whose links may be off.
std::string uncertain_platform(const TemporaryFolder& folder) {
  return folder.write(
      "uncertain.xml",
      replaced(replaced(text_of(input("platform.xml")), "Gf\"><prop id=\"memory\"",
                        "Gf\"><prop id=\"uncertainty\" value=\"30%\"/><prop id=\"memory\""),
               "routing=\"Floyd\">", "routing=\"Floyd\"><prop id=\"network_uncertainty\" value=\"20%\"/>"));
}

void run(std::vector<std::string> words, const std::vector<std::string>& settings = {}) {
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  const Ended ended = msfusion_program(words);
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
}

bool warns(const StoreReader& store, const std::string& text) {
  for (const WarningRecord& warning : store.warnings())
    if (warning.text.find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("drawn fleets are the same for any number of workers, after a resume, in plans and in recosts") {
  const TemporaryFolder folder;
  const std::vector<std::string> on = {"platform.file=" + uncertain_platform(folder), "seeds.values=1"};
  run({"run", input("tiny.xml"), "-j", "1", "-o", folder.file("one")}, on);
  const auto tables = tables_of(folder.file("one"));
  const StoreReader store(folder.file("one/run.sqlite"));
  REQUIRE(store.runs().size() > 1);
  for (const RunRecord& record : store.runs()) {
    const auto rounds = store.rounds(record.run);
    const auto intervals = store.intervals(record.run);
    REQUIRE(intervals.size() == rounds.size());
    for (const IntervalRecord& interval : intervals) {
      CHECK(interval.draws == 200);
      CHECK(interval.seconds_low < interval.seconds_high);
      REQUIRE(interval.joules_low.has_value());
      REQUIRE(interval.usd_high.has_value());
    }
    CHECK(store.draws(record.run).back().round == rounds.back().round);
  }
  CHECK(store.meta().at(meta_key::uncertainty) ==
        "computing of 4 of 5 nodes 30 %; rate and latency of 5 of 5 links 20 %; unknown of the others, and left out of "
        "the "
        "intervals");

  run({"run", input("tiny.xml"), "-j", "3", "-o", folder.file("three")}, on);
  CHECK(tables_of(folder.file("three")) == tables);
  {
    INFO("a shorter run that is made longer");
    auto shorter = on;
    shorter.push_back("training.rounds=" + std::to_string(store.rounds(0).size() - 1));
    run({"run", input("tiny.xml"), "-o", folder.file("longer")}, shorter);
    run({"run", input("tiny.xml"), "--resume", "-o", folder.file("longer")}, on);
    CHECK(tables_of(folder.file("longer")).at("intervals") == tables.at("intervals"));
  }
  run({"recost", folder.file("one"), "-o", folder.file("again")});
  CHECK(tables_of(folder.file("again")) == tables);
  run({"plan", input("tiny.xml"), "-o", folder.file("plan")}, on);
  CHECK(tables_of(folder.file("plan")).at("intervals") == tables.at("intervals"));
}

TEST_CASE("uncertainty changes no other figure, and without it or with no draws nothing is drawn") {
  const TemporaryFolder folder;
  const std::string uncertain = "platform.file=" + uncertain_platform(folder);
  run({"plan", input("tiny.xml"), "-o", folder.file("certain")}, {"seeds.values=1"});
  run({"plan", input("tiny.xml"), "-o", folder.file("uncertain")}, {"seeds.values=1", uncertain});
  run({"plan", input("tiny.xml"), "-o", folder.file("none")}, {"seeds.values=1", uncertain, "platform.draws=0"});
  auto certain = tables_of(folder.file("certain"));
  CHECK(StoreReader(folder.file("certain/run.sqlite")).intervals(0).empty());
  CHECK(tables_of(folder.file("none")) == certain);
  auto drawn = tables_of(folder.file("uncertain"));
  for (const char* table : {"intervals", "draws"}) {
    CHECK(drawn.at(table) != certain.at(table));
    drawn.erase(table);
    certain.erase(table);
  }
  CHECK(drawn == certain);
}

TEST_CASE("where plans depend on times, the intervals say that they are of the clock alone") {
  const TemporaryFolder folder;
  const std::string uncertain = "platform.file=" + uncertain_platform(folder);
  const std::vector<std::string> on = {"seeds.values=1", uncertain};
  run({"plan", input("tiny.xml"), "-o", folder.file("all")}, on);
  CHECK_FALSE(warns(StoreReader(folder.file("all/run.sqlite")), "of the clock alone"));
  run({"plan", input("tiny.xml"), "-o", folder.file("deadline")},
      {"seeds.values=1", uncertain, "constraints.close=quorum", "constraints.quorum=0.5"});
  const StoreReader quorum(folder.file("deadline/run.sqlite"));
  CHECK(warns(quorum, "of the clock alone"));
  CHECK(warns(quorum, "what a round waits for would differ"));
  CHECK_FALSE(quorum.intervals(0).empty());
}

TEST_CASE("an asynchronous method's intervals are of as many updates as its run merged") {
  // Eight equal phones deliver together, so that each of the run's merges has eight updates. Drawn phones deliver one
  // after the other, two for a merge; the time of as many updates hardly changes.
  const TemporaryFolder folder;
  std::string phones;
  for (int n = 0; n < 8; ++n)
    phones +=
        "<host id=\"p-" + std::to_string(n) + "\" speed=\"1Gf\"><prop id=\"uncertainty\" value=\"30%\"/></host>\n";
  std::string lines;
  for (const std::string node : {"p-0", "p-1", "p-2", "p-3", "p-4", "p-5", "p-6", "p-7", "s"})
    lines += "<link id=\"l-" + node + "\" bandwidth=\"1GBps\" latency=\"1us\"/><host_link id=\"" + node + "\" up=\"l-" +
             node + "\" down=\"l-" + node + "\"/>\n";
  folder.write("equal.xml",
               "<?xml version=\"1.0\"?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n<platform "
               "version=\"4.1\"><zone id=\"z\" routing=\"Cluster\">\n" +
                   phones + "<host id=\"s\" speed=\"1Gf\"><prop id=\"role\" value=\"server\"/></host>\n" + lines +
                   "</zone></platform>\n");
  const std::string scenario = folder.write(
      "s.xml",
      "<scenario name=\"s\"><platform file=\"equal.xml\"/><data set=\"synthetic\" train-samples=\"320\" "
      "test-samples=\"20\"/><model kind=\"mlp\" hidden=\"16\"/><training rounds=\"20\" local-epochs=\"50\" batch=\"8\" "
      "learning-rate=\"0.1\"/><constraints memory=\"ignore\"/><methods><method name=\"fedbuff\" "
      "buffer=\"2\"/></methods><seeds values=\"1\"/></scenario>");
  run({"plan", scenario, "-o", folder.file("p")});
  const StoreReader store(folder.file("p/run.sqlite"));
  const double whole = store.rounds(0).back().end_seconds;
  const IntervalRecord interval = store.intervals(0).back();
  // Of eight speeds the mean of a factor e^(0.3 z), inverted, is within a quarter of 1 in nine fleets of ten.
  CHECK(interval.seconds_low > 0.75 * whole);
  CHECK(interval.seconds_high < 1.3 * whole);
  CHECK(warns(store, "until as many updates were merged as in the run"));
}

TEST_CASE(
    "trained on drawn fleets, what waits for all takes what the fleet took, and what depends on times trains "
    "otherwise") {
  const TemporaryFolder folder;
  const std::string scenario = folder.write(
      "s.xml",
      "<scenario name=\"s\"><platform file=\"uncertain.xml\"/><data set=\"synthetic\" train-samples=\"160\" "
      "test-samples=\"40\"/><model kind=\"mlp\" hidden=\"16\"/><training rounds=\"4\" local-epochs=\"2\" batch=\"8\" "
      "learning-rate=\"0.1\"/><evaluation every=\"2\"/><methods><method name=\"fedavg\"/><method name=\"fedasync\"/>"
      "</methods><seeds values=\"1\"/></scenario>");
  uncertain_platform(folder);
  run({"run", scenario, "--redraw-training", "5", "-o", folder.file("all")});
  const StoreReader own(folder.file("all/fleet=0/run.sqlite"));
  std::istringstream drawn(own.draws(0).back().seconds);
  int otherwise = 0;
  for (int fleet = 1; fleet <= 5; ++fleet) {
    const std::string one = "all/fleet=" + std::to_string(fleet);
    const StoreReader store(folder.file(one + "/run.sqlite"));
    double seconds = 0;
    drawn >> seconds;
    CHECK(store.rounds(0).back().end_seconds == Approx(seconds).epsilon(1e-6));
    CHECK(store.evaluations(0).back().global_loss == own.evaluations(0).back().global_loss);
    if (store.evaluations(1).back().global_loss != own.evaluations(1).back().global_loss) ++otherwise;
    CHECK(store.intervals(0).empty());
    CHECK(store.meta().at(meta_key::uncertainty).find("drawn fleet " + std::to_string(fleet)) != std::string::npos);
  }
  CHECK(otherwise > 0);

  const auto tables = tables_of(folder.file("all/fleet=3"));
  run({"run", scenario, "-j", "1", "-o", folder.file("alone")}, {"platform.fleet=3"});
  CHECK(tables_of(folder.file("alone")) == tables);
  run({"run", scenario, "-o", folder.file("resumed")}, {"platform.fleet=3", "training.rounds=3"});
  run({"run", scenario, "--resume", "-o", folder.file("resumed")}, {"platform.fleet=3"});
  CHECK(tables_of(folder.file("resumed")).at("rounds") == tables.at("rounds"));
  run({"recost", folder.file("alone"), "-o", folder.file("again")});
  CHECK(tables_of(folder.file("again")) == tables);
}

TEST_CASE("a drawn fleet of a platform without uncertainty, and one beside a sweep, are refused") {
  const auto refused = [](const std::vector<std::string>& words) {
    const Ended ended = msfusion_program(words);
    CHECK(ended.code == 2);
    return ended.err;
  };
  CHECK_THAT(refused({"plan", input("tiny.xml"), "--set", "platform.fleet=1"}),
             Catch::Matchers::Contains("fleet=\"1\" in <platform>, on a platform that states no uncertainty"));
  CHECK_THAT(refused({"run", input("tiny.xml"), "--redraw-training", "2"}),
             Catch::Matchers::Contains("states no uncertainty"));
  CHECK_THAT(refused({"run", input("tiny.xml"), "--redraw-training", "2", "--set", "training.batch=4", "--set",
                      "training.batch=8"}),
             Catch::Matchers::Contains("--redraw-training"));
}
