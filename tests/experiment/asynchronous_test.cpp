// Trainings of asynchronous methods that can never arrive.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
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
    for (const char* list : {"started", "merged", "dropped", "staleness", "merge_seconds"}) told_[list] = json::array();
  }

  void start(const RoundPlan& plan, const std::vector<TaskId>& tasks) override {
    for (const TrainTask& task : plan.tasks)
      if (std::find(tasks.begin(), tasks.end(), task.id) != tasks.end()) {
        held_[task.id] = task.device;
        told_["started"].push_back(task.device);
        begun_[task.id] = plan.round;
      }
  }

  std::vector<TaskOutcome> merge(const RoundPlan& plan, const std::vector<Delivery>& deliveries) override {
    std::vector<TaskOutcome> outcomes;
    for (const Delivery& delivery : deliveries) {
      const auto task = held_.find(delivery.task);
      if (task == held_.end()) throw std::logic_error("a training arrived that was dropped");
      told_["merged"].push_back(task->second);
      told_["staleness"].push_back(plan.round - begun_.at(delivery.task));
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
  EvaluatedModel evaluated_model(std::optional<NodeId>) const override { return {}; }
  std::vector<float> parameters(NodeId, const WidthSlice&) const override { return {}; }
  void save(std::ostream&) const override {}
  void restore(std::istream&) override {}
  CpuProfile profile() const override { return {}; }
  std::string description() const override { return "a ledger"; }

 private:
  json& told_;
  std::map<TaskId, NodeId> held_;
  std::map<TaskId, int> begun_;  // the round, which is the number of merges before
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

/// `inspect`: looks at the first plan of the run's planner, of its own.
json run(const std::string& method, const std::string& platform_text,
         const std::function<json(const RoundPlan&)>& inspect = {}) {
  const Folder folder;
  folder.write("platform.xml", platform_text);
  folder.write("away.txt", "0 1\n1 0\n");
  const std::string scenario = folder.write("s.xml", R"(<scenario name="s"><platform file="platform.xml"/>
<data set="synthetic" train-samples="40" test-samples="8"/><model kind="mlp" hidden="4"/>
<training rounds="60" batch="4"/><evaluation every="60" submodels="off"/>
<methods><method )" + method + R"(/></methods></scenario>)");
  return in_child([&] {
    const Preparation preparation = prepare(scenario, {}, true);
    const RunSpec spec = runs_of(preparation).front();
    RunRecord record;
    record.method = record.label = spec.method->label;
    record.rounds = preparation.scenario.training.rounds;
    record.state = "running";
    StoreWriter store = StoreWriter::create(folder.file("run.sqlite"), {}, {record});
    json told;
    const RunInputs inputs(preparation, spec);
    if (inspect) {
      Planner planner(inputs.planner_setup(preparation.fleet));
      told["inspected"] = inspect(planner.plan(0));
    }
    RunOptions options;
    options.on_end = [&](const CpuProfile& profile) { told["processor_seconds"] = profile[Activity::recording]; };
    carry_out(
        inputs, [&](const LearnerSetup&) { return std::make_unique<Ledger>(told); }, store, options);
    const StoreReader reader(folder.file("run.sqlite"));
    for (const RoundRecord& round : reader.rounds(0)) told["merge_seconds"].push_back(round.end_seconds);
    double recorded = 0;
    for (const WallRecord& wall : reader.wall(0)) recorded += wall.record_seconds;
    told["recorded_seconds"] = recorded;
    return told;
  });
}

}  // namespace

TEST_CASE("trainings of asynchronous methods that can never arrive are dropped, and no other is") {
  const NodeId quick = 0, slow = 1;
  for (const std::string method : {"name=\"fedasync\"", "name=\"fedbuff\" buffer=\"2\""}) {
    for (const auto& [of_host, of_link] : std::vector<std::pair<std::string, std::string>>{
             {"", ""}, {"state_file=\"away.txt\"", ""}, {"", "state_file=\"away.txt\""}}) {
      INFO(method << ' ' << of_host << of_link);
      const json told = run(method, platform(of_host, of_link));
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

namespace {

struct Worker {
  double flops, bandwidth;  // a second
};
constexpr double kLatency = 0.003;
const std::vector<Worker> kWorkers = {{7.1e6, 1.13e6}, {3.3e6, 0.71e6}, {1.27e6, 0.37e6}, {0.59e6, 0.19e6}};

// Each worker has a link of its own; the server's is too wide to matter.
std::string workers_platform() {
  std::string hosts, links, routes;
  for (std::size_t i = 0; i < kWorkers.size(); ++i) {
    const std::string n = std::to_string(i);
    hosts += "<host id=\"w" + n + "\" speed=\"" + std::to_string(kWorkers[i].flops) +
             "\"><prop id=\"memory\" value=\"1GiB\"/></host>\n";
    links +=
        "<link id=\"l" + n + "\" bandwidth=\"" + std::to_string(kWorkers[i].bandwidth) + "Bps\" latency=\"2ms\"/>\n";
    routes += "<route src=\"w" + n + "\" dst=\"hub\"><link_ctn id=\"l" + n + "\"/></route>\n";
  }
  return R"(<?xml version="1.0"?>
<!DOCTYPE platform SYSTEM "https://simgrid.org/simgrid.dtd">
<platform version="4.1"><zone id="world" routing="Floyd">
)" + hosts +
         R"(<host id="server" speed="1Gf"><prop id="role" value="server"/></host>
<router id="hub"/>
<link id="wide" bandwidth="100GBps" latency="1ms"/>
)" + links +
         routes + R"(<route src="server" dst="hub"><link_ctn id="wide"/></route>
</zone></platform>
)";
}

struct Merges {
  std::vector<double> seconds;
  double mean_staleness = 0;
};

// FedBuff as its paper has it: who has delivered fetches the current model and goes on, and every K-th delivery merges.
Merges event_loop(const std::vector<double>& cycles, int buffer, int merges) {
  std::vector<double> delivers = cycles;
  std::vector<int> from(cycles.size(), 0);  // the version that each works on
  Merges result;
  int version = 0, waiting = 0, sum = 0;
  while (version < merges) {
    const auto next = std::min_element(delivers.begin(), delivers.end());
    const auto worker = static_cast<std::size_t>(next - delivers.begin());
    sum += version - from[worker];
    if (++waiting == buffer) {
      waiting = 0;
      ++version;
      result.seconds.push_back(*next);
    }
    from[worker] = version;
    *next += cycles[worker];
  }
  result.mean_staleness = sum / static_cast<double>(merges * buffer);
  return result;
}

}  // namespace

TEST_CASE("merges come when devices that start again at once have delivered, with the staleness of that") {
  const auto cycles_of = [](const RoundPlan& plan) {
    std::vector<double> cycles(kWorkers.size(), 0);
    for (const Step& step : plan.steps) {
      const auto worker = static_cast<std::size_t>(task_of(plan, step.task).device);
      if (const auto* compute = std::get_if<Compute>(&step.what))
        cycles[worker] += compute->flops / kWorkers[worker].flops;
      else
        cycles[worker] += kLatency + std::get<Transfer>(step.what).bytes / kWorkers[worker].bandwidth;
    }
    return json(cycles);
  };
  for (const int buffer : {1, 2, 3, 4}) {
    INFO("K = " << buffer);
    const json told = run("name=\"fedbuff\" buffer=\"" + std::to_string(buffer) + "\"", workers_platform(), cycles_of);
    const Merges expected = event_loop(told["inspected"].get<std::vector<double>>(), buffer, 60);
    REQUIRE(told["merge_seconds"].size() == 60);
    for (std::size_t i = 0; i < 60; ++i)
      CHECK(told["merge_seconds"][i].get<double>() == Approx(expected.seconds[i]).epsilon(1e-9));
    REQUIRE(told["staleness"].size() == static_cast<std::size_t>(60 * buffer));
    double sum = 0;
    for (const json& staleness : told["staleness"]) sum += staleness.get<double>();
    CHECK(sum / (60.0 * buffer) == Approx(expected.mean_staleness));
  }
}

TEST_CASE(
    "the seconds that rounds were recorded in are the processor's, and add up to all but the last round's writing") {
  const json told = run("name=\"fedasync\"", workers_platform());
  const auto recorded = told["recorded_seconds"].get<double>(), processor = told["processor_seconds"].get<double>();
  CHECK(recorded <= processor);
  CHECK(recorded > 0.9 * processor);
}
