// Trainings of asynchronous methods that can never arrive.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

#include "sim/experiment/run_loop.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"

using namespace msfusion;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "msfusion-asynchronous-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name) << text;
    return file(name);
  }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

// Trains nothing, and remembers which trainings it holds.
class Ledger : public Learner {
 public:
  explicit Ledger(json& told) : told_(told) {
    for (const char* list : {"started", "merged", "dropped"}) told_[list] = json::array();
  }

  void start(const RoundPlan& plan, const std::vector<TaskId>& tasks) override {
    for (const TrainTask& task : plan.tasks)
      if (std::find(tasks.begin(), tasks.end(), task.id) != tasks.end()) {
        held_[task.id] = task.device;
        told_["started"].push_back(task.device);
      }
  }

  std::vector<TaskOutcome> merge(const RoundPlan&, const std::vector<Delivery>& deliveries) override {
    std::vector<TaskOutcome> outcomes;
    for (const Delivery& delivery : deliveries) {
      const auto task = held_.find(delivery.task);
      if (task == held_.end()) throw std::logic_error("a training arrived that was dropped");
      told_["merged"].push_back(task->second);
      outcomes.push_back({task->first, task->second, 1, 0, 0});
      held_.erase(task);
    }
    return outcomes;
  }

  double merge_seconds() const override { return 0; }

  void keep_in_flight(const std::set<TaskId>& tasks) override {
    for (auto task = held_.begin(); task != held_.end();) {
      if (tasks.count(task->first) > 0) {
        ++task;
        continue;
      }
      told_["dropped"].push_back(task->second);
      task = held_.erase(task);
    }
    told_["held"] = held_.size();
  }

  void begin_evaluation(int round) override { round_ = round; }
  Evaluation finish_evaluation() override {
    Evaluation evaluation;
    evaluation.round = round_;
    return evaluation;
  }
  std::vector<float> parameters(NodeId, const WidthSlice&) const override { return {}; }
  void save(std::ostream&) const override {}
  void restore(std::istream&) override {}
  CpuProfile profile() const override { return {}; }
  std::string description() const override { return "a ledger"; }

 private:
  json& told_;
  std::map<TaskId, NodeId> held_;
  int round_ = 0;
};

// A quick phone that stays, and a slow one that its `attribute`, or that of its link, takes away for good.
std::string platform(const std::string& of_host, const std::string& of_link) {
  return R"(<?xml version="1.0"?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1"><zone id="world" routing="Floyd">
<host id="quick" speed="1Mf"><prop id="memory" value="1GiB"/></host>
<host id="slow" speed="100kf" )" +
         of_host + R"(><prop id="memory" value="1GiB"/></host>
<host id="server" speed="1Gf"><prop id="role" value="server"/></host>
<router id="hub"/>
<link id="a" bandwidth="1MBps" latency="1ms"/>
<link id="b" bandwidth="2kBps" latency="1ms" )" +
         of_link + R"(/>
<link id="c" bandwidth="1MBps" latency="1ms"/>
<route src="quick" dst="hub"><link_ctn id="a"/></route>
<route src="slow" dst="hub"><link_ctn id="b"/></route>
<route src="server" dst="hub"><link_ctn id="c"/></route>
</zone></platform>
)";
}

json run(const std::string& method, const std::string& of_host, const std::string& of_link) {
  const Folder folder;
  folder.write("platform.xml", platform(of_host, of_link));
  folder.write("away.txt", "0 1\n1 0\n");
  const std::string scenario = folder.write("s.xml", R"(<scenario name="s"><platform file="platform.xml"/>
<data set="synthetic" train-samples="40" test-samples="8"/><model kind="mlp" hidden="4"/>
<training rounds="60" batch="4"/><evaluation every="60" submodels="off"/>
<methods><method name=")" + method + R"("/></methods></scenario>)");
  return in_child([&] {
    const Preparation preparation = prepare(scenario, {}, true);
    const RunSpec spec = runs_of(preparation).front();
    RunRecord record;
    record.method = record.label = method;
    record.rounds = preparation.scenario.training.rounds;
    record.state = "running";
    StoreWriter store = StoreWriter::create(folder.file("run.sqlite"), {}, {record});
    json told;
    const RunInputs inputs(preparation, spec);
    carry_out(inputs, [&](const LearnerSetup&) { return std::make_unique<Ledger>(told); }, store, {});
    return told;
  });
}

}  // namespace

TEST_CASE("trainings of asynchronous methods that can never arrive are dropped, and no other is") {
  const NodeId quick = 0, slow = 1;
  for (const std::string method : {"fedasync", "fedbuff"}) {
    for (const auto& [of_host, of_link] : std::vector<std::pair<std::string, std::string>>{
             {"", ""}, {"state_file=\"away.txt\"", ""}, {"", "state_file=\"away.txt\""}}) {
      INFO(method << ' ' << of_host << of_link);
      const json told = run(method, of_host, of_link);
      INFO(told.dump());
      const auto of_device = [&](const char* list, NodeId device) {
        return std::count(told[list].begin(), told[list].end(), json(device));
      };
      const bool goes_away = !(of_host + of_link).empty();
      CHECK(of_device("started", slow) > 0);
      CHECK((of_device("dropped", slow) > 0) == goes_away);
      CHECK(of_device("dropped", quick) == 0);
      // What is left is with the devices: at most one training each.
      CHECK(told["held"] <= (goes_away ? 1 : 2));
      CHECK(told["started"].size() == told["merged"].size() + told["dropped"].size() + told["held"].get<std::size_t>());
    }
  }
}
