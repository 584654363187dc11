#include "sim/timing/flight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/uniform_01.hpp>
#include <cassert>
#include <cmath>
#include <limits>

#include "sim/base/error.hpp"
#include "sim/base/overloaded.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"

namespace msfusion {

Flight::Flight(const RoundPlan& plan, StepId first_step)
    : round(plan.round),
      first(first_step),
      steps(plan.steps.size() - static_cast<std::size_t>(first)),
      release(plan, first),
      open_steps_of_task(plan.tasks.size(), 0),
      open_steps(static_cast<int>(steps.size())) {
  if (first == 0)
    for (const SecureSum& sum : plan.secure_sums)
      unmaskings_.push_back({sum.unmasking, sum.masked, sum.flops_for_missing});
  std::unordered_map<TaskId, int> place_of_task;
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) place_of_task.emplace(plan.tasks[i].id, static_cast<int>(i));

  for (std::size_t i = 0; i < steps.size(); ++i) {
    const StepId id = first + static_cast<StepId>(i);
    const Step& step = plan.steps[static_cast<std::size_t>(id)];
    FlyingStep& flying = steps[i];
    flying.flight = this;
    flying.id = id;
    flying.timed.start_seconds = flying.timed.end_seconds = std::numeric_limits<double>::quiet_NaN();
    std::visit(Overloaded{[&](const Compute& compute) {
                            flying.node = flying.to = compute.node;
                            flying.amount = compute.flops;
                          },
                          [&](const Transfer& transfer) {
                            assert(transfer.from != transfer.to);
                            flying.is_transfer = true;
                            flying.node = transfer.from;
                            flying.to = transfer.to;
                            flying.amount = transfer.bytes;
                          }},
               step.what);
    if (!std::isfinite(flying.amount) || flying.amount < 0) {
      throw RunError(fmt::format("step {} of round {} is {} {}", id, round, flying.amount,
                                 flying.is_transfer ? "bytes long" : "FLOPs of work"));
    }
    if (const auto task = place_of_task.find(step.task); task != place_of_task.end()) {
      flying.task = task->second;
      flying.owner = plan.tasks[static_cast<std::size_t>(flying.task)].device;
      ++open_steps_of_task[static_cast<std::size_t>(flying.task)];
    }
  }
}

double Flight::more_work(StepId id) {
  for (const Unmasking& unmasking : unmaskings_)
    if (unmasking.step == id)
      return unmasking.flops_for_missing *
             static_cast<double>(std::count_if(unmasking.masked.begin(), unmasking.masked.end(),
                                               [&](StepId masked) { return step(masked).timed.fate != Fate::done; }));
  return 0;
}

void draw_losses(Flight& flight, double probability, std::uint64_t seed) {
  if (probability <= 0) return;
  Random random(derive_seed(seed, Purpose::message_loss, static_cast<std::uint64_t>(flight.first),
                            static_cast<std::uint64_t>(flight.round)));
  boost::random::uniform_01<double> uniform;
  for (FlyingStep& step : flight.steps)
    if (step.is_transfer && step.amount > 0) step.lost = uniform(random) < probability;
}

}  // namespace msfusion
