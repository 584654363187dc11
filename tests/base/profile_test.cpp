#include "sim/base/profile.hpp"

#include <chrono>
#include <set>
#include <string>
#include <thread>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
void compute_for(double seconds) {
  const double began = thread_cpu_seconds();
  while (thread_cpu_seconds() - began < seconds) {
  }
}
}  // namespace

TEST_CASE("A thread's time goes to the activity that it was charged to, and sleeping costs nothing") {
  CpuProfile profile;
  ActivityClock clock(profile);
  compute_for(0.02);
  clock.charge(Activity::planning);
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  clock.charge(Activity::timing);
  compute_for(0.02);
  clock.skip();
  clock.charge(Activity::training);
  REQUIRE(profile[Activity::planning] >= 0.02);
  REQUIRE(profile[Activity::planning] < 0.03);
  REQUIRE(profile[Activity::timing] < 0.01);
  REQUIRE(profile[Activity::training] < 0.01);
  REQUIRE(profile.total() ==
          Approx(profile[Activity::planning] + profile[Activity::timing] + profile[Activity::training]));
}

TEST_CASE("Another thread's time is not this thread's") {
  const double before = thread_cpu_seconds();
  std::thread([] { compute_for(0.02); }).join();
  REQUIRE(thread_cpu_seconds() - before < 0.02);
}

TEST_CASE("Every activity has a name of its own") {
  std::set<std::string> names;
  for (std::size_t i = 0; i < kActivities; ++i) names.insert(name_of(static_cast<Activity>(i)));
  REQUIRE(names.size() == kActivities);
}
