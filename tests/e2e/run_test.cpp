#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

TEST_CASE("a scenario is run, recorded and reported") {
  const TemporaryFolder folder;
  const Ended run = msfusion_program({"run", input("tiny.xml"), "-o", folder.file("r")});
  INFO(run.out << run.err);
  REQUIRE(run.code == 0);
  const StoreReader store(folder.file("r/run.sqlite"));
  REQUIRE(store.runs().size() == 10);
  for (const RunRecord& record : store.runs()) {
    CHECK(record.state == "finished");
    const auto rounds = store.rounds(record.run);
    REQUIRE(rounds.size() == 5);
    for (std::size_t i = 1; i < rounds.size(); ++i) CHECK(rounds[i].start_seconds == rounds[i - 1].end_seconds);
    for (const RoundRecord& round : rounds) {
      CHECK(round.bytes_sent == round.bytes_received);  // nothing is lost here
      CHECK(round.joules.has_value());
      CHECK(round.mean_loss.has_value());
      double devices = 0;
      for (const DeviceRoundRecord& device : store.device_rounds(record.run))
        if (device.round == round.round) devices += device.training_flops;
      CHECK(devices == round.training_flops);
    }
    CHECK(store.evaluations(record.run).size() == 3);  // after rounds 2, 4 and the last
  }
  const auto summary = nlohmann::json::parse(text_of(folder.file("r/summary.json")));
  CHECK(summary["runs"].size() == 10);
  CHECK(text_of(folder.file("r/report.html")).find("<html") != std::string::npos);
  CHECK(run.out.find("msfusion") != std::string::npos);

  SECTION("and again: the same results to the last bit, on one core or two, the earlier ones kept") {
    const auto first = tables_of(folder.file("r"));
    REQUIRE(msfusion_program({"run", input("tiny.xml"), "-o", folder.file("r"), "-j", "1"}).code == 0);
    CHECK(tables_of(folder.file("r")) == first);
    CHECK(tables_of(folder.file("r/earlier-1")) == first);
    REQUIRE(msfusion_program({"run", input("tiny.xml"), "-o", folder.file("four"), "-j", "4"}).code == 0);
    CHECK(tables_of(folder.file("four")) == first);
  }
  SECTION("and its tables are compared, exported and reported anew") {
    CHECK(msfusion_program({"compare", folder.file("r"), "--format", "csv"}).out.find("fedrolex") != std::string::npos);
    CHECK(msfusion_program({"export", folder.file("r"), "--csv", folder.file("csv")}).code == 0);
    CHECK(text_of(folder.file("csv/rounds.csv")).find("end_seconds") != std::string::npos);
    CHECK(msfusion_program({"report", folder.file("r"), "-o", folder.file("page.html")}).code == 0);
  }
}

TEST_CASE("different seeds give different results, and another seed list the same ones for the same seed") {
  const TemporaryFolder folder;
  const std::vector<std::string> common = {"run", input("tiny.xml"), "--set", "training.rounds=2"};
  auto both = common, second = common;
  both.insert(both.end(), {"-o", folder.file("both")});
  second.insert(second.end(), {"--set", "seeds.values=2", "-o", folder.file("second")});
  REQUIRE(msfusion_program(both).code == 0);
  REQUIRE(msfusion_program(second).code == 0);
  const StoreReader two(folder.file("both/run.sqlite")), one(folder.file("second/run.sqlite"));
  CHECK(two.evaluations(0).back().global_loss != two.evaluations(1).back().global_loss);
  CHECK(two.evaluations(1).back().global_loss == one.evaluations(0).back().global_loss);
}

TEST_CASE("the program does not load LibTorch before it trains") {
  const TemporaryFolder folder;
  REQUIRE(std::system(("ldd " + std::string(program_path()) + " > " + folder.file("libraries")).c_str()) == 0);
  CHECK(text_of(folder.file("libraries")).find("torch") == std::string::npos);
}

TEST_CASE("help and lists teach") {
  CHECK(msfusion_program({"--help"}).out.find("Examples:") != std::string::npos);
  CHECK(msfusion_program({"--version"}).out.find("LibTorch") != std::string::npos);
  CHECK(msfusion_program({"list", "methods"}).out.find("double-shift  contrastive") != std::string::npos);
  CHECK(msfusion_program({"list", "data"}).out.find("fashion-mnist") != std::string::npos);
  const Ended check = msfusion_program({"check", input("tiny.xml")});
  CHECK(check.code == 0);
  CHECK(check.out.find("4 devices, 160 training and 80 test samples, 5 rounds, 10 runs") != std::string::npos);
}

TEST_CASE("a report says which calibration its devices carry, or that they carry none") {
  const TemporaryFolder folder;
  std::string platform = text_of(input("platform.xml"));
  const auto report_of = [&](const std::string& text) {
    folder.write("platform.xml", text);
    const Ended run = msfusion_program(
        {"plan", input("tiny.xml"), "--set", "platform.file=" + folder.file("platform.xml"), "-o", folder.file("r")});
    INFO(run.out << run.err);
    REQUIRE(run.code == 0);
    return StoreReader(folder.file("r/run.sqlite")).meta();
  };
  CHECK(report_of(platform).count("calibration") == 0);
  const std::string host = "speed=\"1Gf\">";
  platform.replace(platform.find(host), host.size(),
                   host + "<prop id=\"calibration\" value=\"2026-11-22: a phone; 7 %\"/>");
  CHECK(report_of(platform).at("calibration") ==
        "4 of 5 nodes: none, their clock's error is unknown. 1 of 5 nodes: 2026-11-22: a phone; 7 %");
}

TEST_CASE("a report says how its network was calibrated, or that it was not") {
  const TemporaryFolder folder;
  std::string platform = text_of(input("platform.xml"));
  const auto plan = [&](const std::string& name) {
    folder.write("platform.xml", platform);
    const Ended run = msfusion_program(
        {"plan", input("tiny.xml"), "--set", "platform.file=" + folder.file("platform.xml"), "-o", folder.file(name)});
    INFO(run.out << run.err);
    REQUIRE(run.code == 0);
    REQUIRE(msfusion_program({"report", folder.file(name), "-o", folder.file("page.html")}).code == 0);
    return text_of(folder.file("page.html"));
  };
  CHECK(plan("without").find("<dt>Network calibration</dt><dd>None for the links") != std::string::npos);
  const std::size_t zone = platform.find('>', platform.find("<zone")) + 1;
  platform.insert(zone, "<prop id=\"network_calibration\" value=\"2026-11-22: error 1 %\"/>");
  CHECK(plan("with").find("<dt>Network calibration</dt><dd>2026-11-22: error 1 %</dd>") != std::string::npos);
  CHECK(StoreReader(folder.file("with/run.sqlite")).meta().at("network_calibration") == "2026-11-22: error 1 %");
  platform.replace(platform.find("network_calibration"), 19, "network-calibration");
  folder.write("platform.xml", platform);
  const Ended wrong =
      msfusion_program({"check", input("tiny.xml"), "--set", "platform.file=" + folder.file("platform.xml")});
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("property \"network-calibration\" of a zone") != std::string::npos);
}

TEST_CASE("--profile prints shares that make up the whole, and changes no result") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program({"run", input("tiny.xml"), "-o", folder.file("without")}).code == 0);
  const Ended run = msfusion_program({"run", input("tiny.xml"), "--jobs", "1", "--profile", "-o", folder.file("with")});
  REQUIRE(run.code == 0);
  CHECK(tables_of(folder.file("with")) == tables_of(folder.file("without")));
  std::istringstream lines(run.out.substr(run.out.find("profile: ")));
  double whole = 0, shares = 0;
  std::string word;
  REQUIRE((lines >> word >> whole));
  for (std::string line; std::getline(lines, line);)
    if (const auto found = line.find("core-s"); found != std::string::npos) shares += std::stod(line.substr(found + 6));
  CHECK(whole > 0);
  CHECK(shares == Approx(100).margin(0.1));
  for (const char* name : {"planning", "timing", "gathering", "training", "merging", "evaluating", "store writing",
                           "checkpoints", "waiting"})
    CHECK_THAT(run.out, ContainsSubstring(name));
}
