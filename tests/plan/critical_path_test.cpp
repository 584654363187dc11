#include "sim/plan/critical_path.hpp"

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
Fleet two_phones_and_a_server() {
  Fleet fleet;
  Device phone;
  phone.name = "phone-1";
  fleet.devices.push_back(phone);
  phone.name = "phone-2";
  fleet.devices.push_back(phone);
  phone.name = "server";
  fleet.server = phone;
  return fleet;
}
}  // namespace

TEST_CASE("the critical path is the chain that ended last, and as long as the round") {
  RoundPlan plan;
  TimedRound timed;
  const auto step = [&](std::variant<Compute, Transfer> what, TaskId task, std::vector<StepId> after, double start,
                        double end) {
    plan.steps.push_back({what, task, std::move(after)});
    timed.steps.push_back({start, end, Fate::done});
  };
  step(Transfer{2, 0, 1, Cargo::model}, 0, {}, 10, 11);
  step(Compute{0, 1}, 0, {0}, 11, 14);
  step(Transfer{0, 2, 1, Cargo::trained}, 0, {1}, 14, 15);
  step(Transfer{2, 1, 1, Cargo::model}, 1, {}, 10, 12);
  step(Compute{1, 1}, 1, {3}, 12, 13);
  step(Transfer{1, 2, 1, Cargo::trained}, 1, {4}, 13, 17);
  timed.start_seconds = 10;
  timed.end_seconds = 17;
  const Fleet fleet = two_phones_and_a_server();
  const CriticalPath path = critical_path(plan, timed, fleet);
  CHECK(path.steps == std::vector<StepId>{3, 4, 5});
  CHECK(path.seconds == timed.end_seconds - timed.start_seconds);
  CHECK(path.node == 1);
  CHECK(describe(path, plan, timed, fleet) == "server -> phone-2 2 s, phone-2 computes 1 s, phone-2 -> server 4 s");
}

TEST_CASE("sends that wait for their turn leave no hole: the sends before them are part of the path") {
  // A phone trains for 1 s and then has four messages of 2 s ready, which it sends one after the other.
  RoundPlan plan;
  TimedRound timed;
  plan.steps = {{Compute{0, 1}, 0, {}}};
  timed.steps = {{0, 1, Fate::done}};
  for (int message = 0; message < 4; ++message) {
    plan.steps.push_back({Transfer{0, message % 2 + 1, 1, Cargo::trained}, 0, {0}});
    timed.steps.push_back({1.0 + 2 * message, 3.0 + 2 * message, Fate::done});
  }
  timed.end_seconds = 9;
  const Fleet fleet = two_phones_and_a_server();
  const CriticalPath path = critical_path(plan, timed, fleet);
  CHECK(path.steps == std::vector<StepId>{0, 1, 2, 3, 4});
  CHECK(path.seconds == 9);
  double explained = 0;
  for (const CriticalLeg& leg : legs(path, plan, timed)) explained += leg.seconds;
  CHECK(explained == 9);
  CHECK(describe(path, plan, timed, fleet) ==
        "phone-1 computes 1 s, 3 earlier sends of phone-1 6 s, phone-1 -> server 2 s");
}

TEST_CASE("what failed is on no critical path") {
  RoundPlan plan;
  plan.steps = {{Compute{0, 1}, 0, {}}, {Compute{1, 1}, 1, {}}};
  TimedRound timed;
  timed.steps = {{0, 9, Fate::failed}, {0, 4, Fate::done}};
  const CriticalPath path = critical_path(plan, timed, two_phones_and_a_server());
  CHECK(path.steps == std::vector<StepId>{1});
}
