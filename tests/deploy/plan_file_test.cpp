#include "sim/deploy/plan_file.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
/// In the system's temporary folder, removed at the end.
struct TemporaryFile {
  std::string path = (std::filesystem::temp_directory_path() / ("plans-" + std::to_string(getpid()))).string();
  ~TemporaryFile() { std::filesystem::remove(path); }
};
}  // namespace

TEST_CASE("a plan read from a file is the plan that was written") {
  RoundPlan plan;
  plan.round = 3;
  TrainTask task;
  task.id = 7;
  task.device = 1;
  task.split = 0.1;
  task.slice.axes = {IndexSet::window(6, 3, 8), IndexSet::subset({4, 0, 2}, 5)};
  task.samples = 20;
  task.optimiser_steps = 2;
  task.training_flops = 1.0 / 3;
  plan.tasks = {task};
  plan.next_slices = {{{IndexSet::window(7, 3, 8), IndexSet::all(5)}}};
  plan.steps = {{Transfer{2, 1, 40, Cargo::stale}, 7, {}},
                {Compute{1, 1.0 / 7}, 7, {0}},
                {Transfer{1, 2, 44, Cargo::trained}, 7, {1}}};
  const TemporaryFile file;
  write_plans(file.path, {plan, RoundPlan{}});
  const std::vector<RoundPlan> read = read_plans(file.path);
  REQUIRE(read.size() == 2);
  CHECK(read[1].tasks.empty());
  const RoundPlan& same = read[0];
  CHECK(same.round == 3);
  REQUIRE(same.tasks.size() == 1);
  CHECK(same.tasks[0].slice == task.slice);
  CHECK(same.tasks[0].id == 7);
  CHECK(same.tasks[0].split == task.split);
  CHECK(same.tasks[0].training_flops == task.training_flops);  // every bit
  CHECK(same.next_slices == plan.next_slices);
  REQUIRE(same.steps.size() == 3);
  CHECK(std::get<Compute>(same.steps[1].what).flops == 1.0 / 7);
  CHECK(same.steps[2].after == std::vector<StepId>{1});
  const auto& stale = std::get<Transfer>(same.steps[0].what);
  CHECK(stale.from == 2);
  CHECK(stale.to == 1);
  CHECK(stale.bytes == 40);
  CHECK(stale.cargo == Cargo::stale);
}

TEST_CASE("a file without plans is refused") {
  const TemporaryFile file;
  CHECK_THROWS_AS(read_plans(file.path), RunError);
  std::ofstream(file.path) << "{\"rounds\": [{\"round\": 1}]}";
  CHECK_THROWS_AS(read_plans(file.path), RunError);
}

TEST_CASE("an unknown cargo is refused with the file and the value") {
  const TemporaryFile file;
  RoundPlan plan;
  plan.steps = {{Transfer{0, 1, 4, Cargo::other}, 0, {}}};
  write_plans(file.path, {plan});
  CHECK(std::get<Transfer>(read_plans(file.path).at(0).steps.at(0).what).cargo == Cargo::other);
  std::ifstream in(file.path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  text.replace(text.find("other"), 5, "gossip");
  std::ofstream(file.path) << text;
  CHECK_THROWS_WITH(read_plans(file.path), ContainsSubstring(file.path) && ContainsSubstring("\"gossip\"") &&
                                               ContainsSubstring("one of model, trained, stale, partial, sum, other"));
}
