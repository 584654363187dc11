#include "sim/learn/running/pool.hpp"

#include <atomic>
#include <future>
#include <stdexcept>

#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("training goes before evaluation, and longer jobs before shorter ones") {
  Pool pool(1, nullptr);
  std::promise<void> gate;
  auto blocker = pool.submit(Urgency::training, 1, [opened = gate.get_future().share()] { opened.wait(); });
  std::vector<int> order;  // only the one worker writes
  std::vector<std::future<void>> jobs;
  const auto add = [&](Urgency urgency, double cost, int name) {
    jobs.push_back(pool.submit(urgency, cost, [&order, name] { order.push_back(name); }));
  };
  add(Urgency::evaluation, 100, 5);
  add(Urgency::training, 1, 3);
  add(Urgency::training, 2, 1);
  add(Urgency::training, 1, 4);
  add(Urgency::training, 2, 2);
  gate.set_value();
  for (auto& job : jobs) job.get();
  REQUIRE(order == std::vector<int>{1, 2, 3, 4, 5});
}

TEST_CASE("a job's exception reaches its future, and the pool goes on") {
  Pool pool(2, nullptr);
  auto bad = pool.submit(Urgency::training, 1, []() -> int { throw std::runtime_error("no"); });
  auto good = pool.submit(Urgency::training, 1, [] { return 7; });
  REQUIRE_THROWS_WITH(bad.get(), "no");
  REQUIRE(good.get() == 7);
}

TEST_CASE("a job may submit further jobs") {
  Pool pool(1, nullptr);
  auto outer = pool.submit(Urgency::training, 1, [&] { return pool.submit(Urgency::evaluation, 1, [] { return 3; }); });
  REQUIRE(outer.get().get() == 3);
}

TEST_CASE("no more jobs run at once than the budget has cores") {
  CoreBudget cores(1, 1);
  Pool pool(3, &cores);
  std::atomic<int> running{0}, most{0};
  std::vector<std::future<void>> jobs;
  for (int i = 0; i < 20; ++i)
    jobs.push_back(pool.submit(Urgency::training, 1, [&] {
      const int now = ++running;
      most = std::max(most.load(), now);
      std::this_thread::yield();
      --running;
    }));
  for (auto& job : jobs) job.get();
  REQUIRE(most == 1);
}
