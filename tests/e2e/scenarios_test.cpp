// The shipped scenarios, each run with the small variant that the comment on its top states.
#include <cmath>
#include <sstream>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

std::string shipped(const std::string& name) {
  return source_file("scenarios/" + name + ".xml");
}

// The lines between the one that announces the small variant and the end of the comment.
std::vector<std::string> small_variant(const std::string& scenario) {
  std::istringstream lines(text_of(scenario));
  std::vector<std::string> settings;
  std::string line;
  while (std::getline(lines, line) && line.find("A small variant") == std::string::npos) {
  }
  while (std::getline(lines, line) && line.find("-->") == std::string::npos)
    settings.push_back(line.substr(line.find_first_not_of(' ')));
  return settings;
}

struct Shipped {
  const char* name;
  std::size_t methods;
};

}  // namespace

TEST_CASE("every shipped scenario runs in its small variant") {
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
           {"cifar10-resnet18", 4},
           {"wikitext2-transformer", 4},
           {"niid-bench-cifar10", 3},
       }) {
    INFO(row.name);
    const TemporaryFolder folder;
    std::vector<std::string> arguments = {"run", shipped(row.name), "-o", folder.file("r")};
    const std::vector<std::string> settings = small_variant(shipped(row.name));
    REQUIRE_FALSE(settings.empty());
    for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    const Ended run = msfusion_program(arguments);
    INFO(run.out << run.err);
    REQUIRE(run.code == 0);
    const StoreReader store(folder.file("r/run.sqlite"));
    REQUIRE(store.runs().size() == row.methods);
    for (const RunRecord& record : store.runs()) {
      INFO(record.label);
      CHECK(record.state == "finished");
      CHECK(static_cast<int>(store.rounds(record.run).size()) == record.rounds);
      const auto evaluations = store.evaluations(record.run);
      REQUIRE_FALSE(evaluations.empty());
      CHECK(std::isfinite(evaluations.back().global_loss));
    }
  }
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
