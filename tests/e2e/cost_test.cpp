// What is planned, timed again and swept, without training where none is needed.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
using nlohmann::json;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

double sum(const json& devices, const char* key) {
  double total = 0;
  for (const json& device : devices) total += device[key].get<double>();
  return total;
}

}  // namespace

TEST_CASE("plan --json has the documented keys, and its figures agree with one another") {
  const TemporaryFolder folder;
  const Ended plan = msfusion_program({"plan", input("tiny.xml"), "--json", "--windows", "-o", folder.file("p")});
  INFO(plan.err);
  REQUIRE(plan.code == 0);
  const json object = json::parse(plan.out);
  REQUIRE(object["runs"].size() == 10);
  for (const json& run : object["runs"]) {
    CHECK(run["model"]["parameters"] == 1028);
    CHECK(run["model"]["forward_macs"].get<std::int64_t>() > 0);
    REQUIRE(run["rounds"].size() == 5);
    for (const json& round : run["rounds"]) {
      for (const char* key : {"seconds", "joules", "usd", "bytes", "critical_path", "devices"})
        CHECK(round.contains(key));
      const json& path = round["critical_path"];
      const double length = path.back()["end_seconds"].get<double>() - path.front()["start_seconds"].get<double>();
      CHECK(length == Approx(round["seconds"].get<double>()).epsilon(1e-12));
      for (const json& device : round["devices"]) {
        for (const char* key : {"name", "split", "parameters", "forward_macs", "training_flops", "peak_memory_bytes",
                                "bytes_sent", "bytes_received", "compute_seconds", "windows"})
          CHECK(device.contains(key));
        CHECK(device["parameters"].get<int>() <= 1028);
        for (const json& window : device["windows"]) CHECK(window["length"].get<int>() <= window["size"].get<int>());
      }
      // Peers' messages are all of the traffic; a server sends and receives the other half.
      CHECK(sum(round["devices"], "bytes_sent") <= round["bytes"].get<double>());
      if (run["method"] == "msfusion") CHECK(sum(round["devices"], "bytes_sent") == round["bytes"].get<double>());
    }
  }
}

TEST_CASE("a plan costs what the trained run costs") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program({"plan", input("tiny.xml"), "--set", "seeds.values=1", "-o", folder.file("p")}).code == 0);
  REQUIRE(msfusion_program({"run", input("tiny.xml"), "--set", "seeds.values=1", "-o", folder.file("r")}).code == 0);
  const StoreReader plan(folder.file("p/run.sqlite")), run(folder.file("r/run.sqlite"));
  for (const RunRecord& record : run.runs()) {
    const auto planned = plan.rounds(record.run), trained = run.rounds(record.run);
    REQUIRE(planned.size() == trained.size());
    for (std::size_t i = 0; i < planned.size(); ++i) {
      CHECK(planned[i].end_seconds == trained[i].end_seconds);
      CHECK(planned[i].joules == trained[i].joules);
      CHECK(planned[i].usd == trained[i].usd);
      CHECK(planned[i].bytes_sent == trained[i].bytes_sent);
      CHECK(planned[i].completed == trained[i].completed);
    }
  }

  {
    INFO("recost on the same platform reproduces every recorded figure to the last bit");
    const Ended recost = msfusion_program({"recost", folder.file("r"), "-o", folder.file("c1")});
    INFO(recost.out << recost.err);
    REQUIRE(recost.code == 0);
    CHECK(tables_of(folder.file("c1")) == tables_of(folder.file("r")));
  }
  {
    INFO("recost on faster links takes less time for the same training");
    const std::string fast = folder.write(
        "fast.xml", replaced(replaced(text_of(input("platform.xml")), "\"20ms\"", "\"2ms\""), "\"30ms\"", "\"3ms\""));
    REQUIRE(msfusion_program({"recost", folder.file("r"), "-p", fast, "-o", folder.file("c2")}).code == 0);
    const StoreReader again(folder.file("c2/run.sqlite"));
    for (const RunRecord& record : run.runs()) {
      CHECK(again.rounds(record.run).back().end_seconds < run.rounds(record.run).back().end_seconds);
      const auto before = run.evaluations(record.run), now = again.evaluations(record.run);
      REQUIRE(before.size() == now.size());
      for (std::size_t i = 0; i < now.size(); ++i) {
        CHECK(now[i].global_accuracy == before[i].global_accuracy);
        CHECK(now[i].seconds < before[i].seconds);
      }
    }
  }
  {
    INFO("another price list changes nothing but the money");
    REQUIRE(msfusion_program({"recost", folder.file("r"), "--set", "prices.energy=3USD/kWh", "--set",
                              "prices.traffic=1USD/GB", "-o", folder.file("c3")})
                .code == 0);
    const StoreReader again(folder.file("c3/run.sqlite"));
    CHECK(again.rounds(0).back().end_seconds == run.rounds(0).back().end_seconds);
    CHECK(*again.rounds(0).back().usd > *run.rounds(0).back().usd);
  }
  {
    INFO("recost refuses what would change who trains what, with the reason, and leaves nothing behind");
    const std::string small =
        folder.write("small.xml", replaced(text_of(input("platform.xml")), "value=\"64MiB\"", "value=\"50kB\""));
    const Ended fewer = msfusion_program({"recost", folder.file("r"), "-p", small, "--set",
                                          "constraints.memory=exclude", "--method", "fedavg", "-o", folder.file("c4")});
    CHECK(fewer.code == 2);
    CHECK_THAT(fewer.err, ContainsSubstring("phone-1 does not take part, and did"));
    CHECK_FALSE(std::filesystem::exists(folder.file("c4")));
    const Ended deadline = msfusion_program({"recost", folder.file("r"), "--set", "constraints.close=deadline", "--set",
                                             "constraints.deadline=1ms", "-o", folder.file("c4")});
    CHECK(deadline.code == 2);
    const Ended batch =
        msfusion_program({"recost", folder.file("r"), "--set", "training.batch=4", "-o", folder.file("c4")});
    CHECK(batch.code == 2);
    CHECK_THAT(batch.err, ContainsSubstring("recost does not train"));
  }
}

TEST_CASE("a method without a server costs the same whether or not a server idles beside it") {
  const TemporaryFolder folder;
  const std::string text = text_of(input("tiny.xml")), with_server = text_of(input("platform.xml"));
  const std::size_t begin = text.find("<methods>"), end = text.find("</methods>");
  const std::string scenario = folder.write(
      "s.xml",
      text.substr(0, begin) +
          "<methods><method name=\"msfusion\" split=\"0.5\"/><method name=\"dfedavg\"/><method name=\"local\"/>" +
          text.substr(end));
  std::string without;
  std::istringstream lines(with_server);
  for (std::string line; std::getline(lines, line);)
    if (line.find("\"server\"") == std::string::npos) without += line + '\n';
  for (const auto& [name, platform] : {std::pair("with", with_server), std::pair("without", without)}) {
    folder.write("platform.xml", platform);
    const Ended plan = msfusion_program(
        {"plan", scenario, "--set", "seeds.values=1", "--set", "prices.carbon=400gCO2/kWh", "-o", folder.file(name)});
    INFO(plan.err);
    REQUIRE(plan.code == 0);
  }
  const StoreReader idle(folder.file("with/run.sqlite")), none(folder.file("without/run.sqlite"));
  for (const RunRecord& run : idle.runs())
    for (int round = 0; round < 5; ++round) {
      INFO(run.method << ' ' << round);
      const RoundRecord a = idle.rounds(run.run).at(static_cast<std::size_t>(round)),
                        b = none.rounds(run.run).at(static_cast<std::size_t>(round));
      CHECK(a.end_seconds == b.end_seconds);
      CHECK(*a.joules > 0);
      CHECK(*a.usd > 0);
      CHECK(a.joules == b.joules);
      CHECK(a.usd == b.usd);
      CHECK(a.grams_co2 == b.grams_co2);
    }
}

TEST_CASE("asynchronous methods train, merge and evaluate through the whole program, and recost the same") {
  const TemporaryFolder folder;
  const std::string text = replaced(text_of(input("tiny.xml")), "<method name=\"fedavg\"/>",
                                    "<method name=\"fedasync\"/><method name=\"fedbuff\" buffer=\"2\"/>");
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  const Ended run = msfusion_program({"run", folder.write("s.xml", text), "--set", "training.rounds=12", "--set",
                                      "seeds.values=1", "-o", folder.file("r")});
  INFO(run.out << run.err);
  REQUIRE(run.code == 0);
  const StoreReader store(folder.file("r/run.sqlite"));
  for (const RunRecord& record : store.runs()) {
    if (record.method != "fedasync" && record.method != "fedbuff") continue;
    const int buffer = record.method == "fedbuff" ? 2 : 1;
    bool in_flight = false;
    for (const DeviceRoundRecord& device : store.device_rounds(record.run)) in_flight |= device.fate == "in flight";
    CHECK(in_flight);  // some work outlives a merge
    for (const RoundRecord& round : store.rounds(record.run)) CHECK(round.completed >= buffer);
    CHECK(store.evaluations(record.run).size() == 6);
  }
  REQUIRE(msfusion_program({"recost", folder.file("r"), "-o", folder.file("c")}).code == 0);
  CHECK(tables_of(folder.file("c")) == tables_of(folder.file("r")));
}

TEST_CASE("a method that cannot be recosted is marked with the reason, and the others are recosted") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  const std::string text = replaced(text_of(input("two-methods.xml")), "<method name=\"fedavg\"/>",
                                    "<method name=\"fedbuff\" buffer=\"2\"/><method name=\"fedavg\"/>");
  REQUIRE(msfusion_program({"run", folder.write("s.xml", text), "-o", folder.file("r")}).code == 0);
  const std::string fast = folder.write(
      "fast.xml", replaced(replaced(text_of(input("platform.xml")), "\"20ms\"", "\"2ms\""), "\"1Gf\"", "\"17Gf\""));
  const auto recost = [&](const std::string& to, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"recost", folder.file("r"), "-p", fast, "-o", folder.file(to)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return msfusion_program(arguments);
  };
  const std::string reason = "round 1 would not train the same: laptop-1 trains 44 samples, and trained 88";
  {
    const Ended all = recost("all", {});
    CHECK(all.code == 1);
    CHECK_THAT(all.err, ContainsSubstring("fedbuff (seed 1) was not recosted: " + reason));
    const StoreReader store(folder.file("all/run.sqlite"));
    const auto runs = store.runs();
    REQUIRE(runs.size() == 3);
    CHECK(runs[1].message == "not recosted: " + reason);
    CHECK(store.rounds(1).empty());
    CHECK(store.warnings().size() == 1);
    CHECK_THAT(text_of(folder.file("all/report.html")), ContainsSubstring(reason));
    for (const int finished : {0, 2}) {
      CHECK(runs[static_cast<std::size_t>(finished)].state == "finished");
      CHECK(store.rounds(finished).size() == 4);
    }
  }
  {
    INFO("--method leaves the others out, and what is left can be recosted again");
    CHECK(recost("two", {"--method", "fedavg", "--method", "msfusion"}).code == 0);
    REQUIRE(StoreReader(folder.file("two/run.sqlite")).runs().size() == 2);
    REQUIRE(msfusion_program({"recost", folder.file("two"), "-p", folder.file("platform.xml"), "-o",
                              folder.file("back"), "--method", "fedavg"})
                .code == 0);
    const auto back = StoreReader(folder.file("back/run.sqlite")).rounds(0);
    const auto run = StoreReader(folder.file("r/run.sqlite")).rounds(2);
    REQUIRE(back.size() == run.size());
    CHECK(back.back().end_seconds == run.back().end_seconds);
    const Ended unknown = recost("two", {"--method", "fedavgg"});
    CHECK(unknown.code == 2);
    CHECK_THAT(unknown.err, ContainsSubstring("did you mean 'fedavg'?"));
  }
  {
    INFO("where nothing is left, the folder is as it was before");
    const Ended none = recost("none", {"--method", "fedbuff"});
    CHECK(none.code == 2);
    CHECK_THAT(none.err, ContainsSubstring("fedbuff (seed 1): " + reason));
    CHECK_FALSE(std::filesystem::exists(folder.file("none")));
    const auto before = tables_of(folder.file("all"));
    CHECK(recost("all", {"--method", "fedbuff"}).code == 2);
    CHECK(tables_of(folder.file("all")) == before);
    CHECK(std::filesystem::exists(folder.file("all/report.html")));
    CHECK_FALSE(std::filesystem::exists(folder.file("all/earlier-1")));
  }
}

TEST_CASE("a sweep runs the product of the values, shares training where only costs differ, and compares") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  std::string two = text_of(input("tiny.xml"));
  for (const char* method : {"heterofl\" split=\"0.5", "fedrolex\" split=\"0.5", "narrow"})
    two = replaced(two, std::string("<method name=\"") + method + "\"/>", "");
  const std::string scenario = folder.write("two.xml", two);
  const std::vector<std::string> again = {"run",   scenario,
                                          "--set", "training.rounds=1",
                                          "--set", "seeds.values=1",
                                          "--set", "training.batch=8",
                                          "--set", "training.batch=16",
                                          "--set", "prices.traffic=1USD/GB",
                                          "--set", "prices.traffic=2USD/GB",
                                          "-o",    folder.file("s")};
  const Ended run = msfusion_program(again);
  INFO(run.out << run.err);
  REQUIRE(run.code == 0);
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder.file("s")))
    if (entry.is_directory()) found.insert(entry.path().filename().string());
  CHECK(found == std::set<std::string>{"batch=8,traffic=1USD_GB", "batch=8,traffic=2USD_GB", "batch=16,traffic=1USD_GB",
                                       "batch=16,traffic=2USD_GB"});
  const StoreReader cheap(folder.file("s/batch=8,traffic=1USD_GB/run.sqlite")),
      dear(folder.file("s/batch=8,traffic=2USD_GB/run.sqlite"));
  CHECK(cheap.meta().count("recosted_from") == 0);
  CHECK(dear.meta().count("recosted_from") == 1);
  CHECK(*dear.rounds(0).front().usd > *cheap.rounds(0).front().usd);
  CHECK(dear.evaluations(0).back().global_loss == cheap.evaluations(0).back().global_loss);
  CHECK(std::filesystem::exists(folder.file("s/report.html")));

  {
    INFO("its page keeps the scenario's title and description and names what varies, also when it is made again");
    REQUIRE(msfusion_program({"report", folder.file("s"), "-o", folder.file("again.html")}).code == 0);
    for (const char* file : {"s/report.html", "again.html"}) {
      const std::string page = text_of(folder.file(file));
      CHECK_THAT(page, ContainsSubstring("<h1>tiny</h1>") && ContainsSubstring(">For the tests</p>"));
      CHECK_THAT(page, ContainsSubstring("training.batch: 8, 16; prices.traffic: 1USD/GB, 2USD/GB</p>"));
    }
  }
  {
    INFO("compare and export take its folder");
    const Ended compare = msfusion_program({"compare", folder.file("s"), "--format", "csv"});
    CHECK(compare.code == 0);
    for (const char* label : {"fedavg (batch=8, traffic=1USD/GB)", "msfusion (batch=16, traffic=2USD/GB)"})
      CHECK_THAT(compare.out, ContainsSubstring(label));
    REQUIRE(msfusion_program({"export", folder.file("s"), "--csv", folder.file("csv")}).code == 0);
    for (const std::string& name : found) CHECK(std::filesystem::exists(folder.file("csv/" + name + "/rounds.csv")));
  }
  {
    INFO("--resume leaves what is finished as it is, recosted combinations too");
    const auto of = [&](const std::string& name) { return StoreReader(folder.file("s/" + name + "/run.sqlite")).id(); };
    std::map<std::string, std::string> before, after;
    for (const std::string& name : found) before[name] = of(name);
    std::vector<std::string> resume = again;
    resume.push_back("--resume");
    REQUIRE(msfusion_program(resume).code == 0);
    for (const std::string& name : found) after[name] = of(name);
    CHECK(after == before);
  }
  {
    INFO("a scenario may ask for it itself");
    const std::string text =
        replaced(two, "<seeds values=\"1 2\"/>",
                 "<seeds values=\"1\"/><sweep><vary path=\"training.rounds\" values=\"1 | 2\"/></sweep>");
    REQUIRE(msfusion_program({"run", folder.write("w.xml", text), "-o", folder.file("w")}).code == 0);
    CHECK(StoreReader(folder.file("w/rounds=2/run.sqlite")).rounds(0).size() == 2);
  }
}

TEST_CASE("a generated platform with churn is run to its end, empty rounds included") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("tiny.xml"), folder.file("s.xml"));
  REQUIRE(msfusion_program({"platform", "-n", "3", "--part", "mid-phone on 4g", "--churn", "exponential", "--on", "1s",
                            "--off", "10s", "-o", folder.file("platform.xml")})
              .code == 0);
  const Ended plan =
      msfusion_program({"plan", folder.file("s.xml"), "--set", "training.rounds=40", "-o", folder.file("p")});
  INFO(plan.out << plan.err);
  REQUIRE(plan.code == 0);
  const StoreReader store(folder.file("p/run.sqlite"));
  int empty = 0;
  constexpr int kFedavg = 6;  // msfusion's rounds are over before anybody goes
  for (const RoundRecord& round : store.rounds(kFedavg)) {
    empty += round.participants == 0;
    CHECK(round.end_seconds > round.start_seconds);
  }
  CHECK(store.rounds(kFedavg).size() == 40);
  CHECK(empty > 0);
}

TEST_CASE("models far too large to train here are planned") {
  for (const char* name : {"resnet152-cost", "gpt2-cost"}) {
    const TemporaryFolder folder;
    const Ended plan = msfusion_program({"plan", source_file("scenarios/" + std::string(name) + ".xml"), "--set",
                                         "training.rounds=1", "--json", "-o", folder.file("p")});
    INFO(name << plan.err);
    REQUIRE(plan.code == 0);
    const json object = json::parse(plan.out);
    CHECK(object["runs"][0]["model"]["parameters"].get<double>() > 5e7);
    CHECK(object["runs"][0]["rounds"][0]["devices"][0]["split"] == 0.0625);
  }
}

TEST_CASE("aggregation at the edge trains what FedAvg trains, and spares the server's links") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program({"platform", "-n", "6", "--part", "laptop on wifi4 in france", "--per-cell", "3",
                            "--aggregator", "laptop", "-o", folder.file("platform.xml")})
              .code == 0);
  const std::string text = text_of(input("tiny.xml"));
  const std::size_t begin = text.find("<methods>"), end = text.find("</methods>");
  const std::string scenario = folder.write(
      "s.xml", text.substr(0, begin) +
                   "<methods><method name=\"fedavg\"/><method name=\"fedavg\" label=\"edge\" exchange=\"edge\"/>" +
                   text.substr(end));
  const Ended run = msfusion_program({"run", scenario, "--set", "seeds.values=1", "-o", folder.file("r")});
  INFO(run.out << run.err);
  REQUIRE(run.code == 0);
  const StoreReader store(folder.file("r/run.sqlite"));
  REQUIRE(store.evaluations(0).size() == store.evaluations(1).size());
  for (std::size_t i = 0; i < store.evaluations(0).size(); ++i)
    CHECK(store.evaluations(0)[i].global_loss == store.evaluations(1)[i].global_loss);
  const double model = 4 * 1028;
  CHECK(store.rounds(0).front().bytes_sent == 2 * 6 * model);
  CHECK(store.rounds(1).front().bytes_sent == (2 * 6 + 2 * 2) * model);
  CHECK(store.rounds(1).front().completed == 6);
  for (const DeviceRoundRecord& device : store.device_rounds(1))
    CHECK(*device.grams_co2 == Approx(*device.joules / 3.6e6 * 56));
}

TEST_CASE("a plan's sweep prints the cost of every combination") {
  const TemporaryFolder folder;
  const Ended plan = msfusion_program(
      {"plan", input("tiny.xml"), "--set", "training.batch=8", "--set", "training.batch=16", "-o", folder.file("p")});
  INFO(plan.out << plan.err);
  REQUIRE(plan.code == 0);
  CHECK(plan.out.find("== batch=8\n") != std::string::npos);
  CHECK(plan.out.find("== batch=16\n") != std::string::npos);
  CHECK(StoreReader(folder.file("p/batch=16/run.sqlite")).rounds(0).size() == 5);
}

TEST_CASE("a store that somebody altered is what a recost of it blames") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program({"run", input("tiny.xml"), "-o", folder.file("r")}).code == 0);
  std::string text = StoreReader(folder.file("r/run.sqlite")).meta().at("scenario_text");
  text.replace(text.find("rounds="), 7, "ronuds=");
  StoreWriter::open(folder.file("r/run.sqlite")).set_meta("scenario_text", text);
  const Ended recost = msfusion_program({"recost", folder.file("r"), "-o", folder.file("c")});
  CHECK(recost.code == 2);
  CHECK_THAT(recost.err, ContainsSubstring("r/run.sqlite: the scenario in the store cannot be read: its line 7: "));
}

TEST_CASE("a recost refuses a trace that was edited since the run, and takes another one that is named") {
  const TemporaryFolder folder;
  const std::string carbon = "start_s,g_per_kwh\n0,400\n0.1,100\n";
  folder.write("carbon.csv", carbon + "9,\n");
  const std::string scenario =
      folder.write("s.xml", replaced(text_of(input("tiny.xml")), "file=\"platform.xml\"",
                                     "file=\"" + input("platform.xml") + "\" carbon=\"carbon.csv\""));
  const Ended run = msfusion_program({"run", scenario, "--set", "seeds.values=1", "-o", folder.file("r")});
  INFO(run.err);
  REQUIRE(run.code == 0);
  CHECK(msfusion_program({"recost", folder.file("r"), "-o", folder.file("same")}).code == 0);
  folder.write("carbon.csv", carbon + "0.2,50\n9,\n");
  const Ended edited = msfusion_program({"recost", folder.file("r"), "-o", folder.file("edited")});
  CHECK(edited.code == 2);
  CHECK_THAT(edited.err, ContainsSubstring("carbon.csv: the trace is not what it was in the run"));
  CHECK_FALSE(std::filesystem::exists(folder.file("edited")));
  folder.write("other.csv", carbon + "0.2,50\n9,\n");
  CHECK(msfusion_program({"recost", folder.file("r"), "--set", "platform.carbon=" + folder.file("other.csv"), "-o",
                          folder.file("other")})
            .code == 0);
}
