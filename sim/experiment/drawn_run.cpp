#include "sim/experiment/drawn_run.hpp"

#include <fmt/format.h>

#include "sim/base/error.hpp"
#include "sim/experiment/uncertainty_records.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

DrawnRun::DrawnRun(Timing& timing, const RunInputs& inputs, const RunOptions& options)
    : timing_(timing),
      inputs_(inputs),
      observation_{inputs.run.run, inputs.shape, timing.fleet(), inputs.preparation.scenario.prices} {
  const Scenario& scenario = inputs.preparation.scenario;
  if (scenario.platform.draws > 0 && timing.uncertainty().is_stated())
    redraws_.emplace(timing, observation_,
                     RedrawOptions{scenario.seeds.front(), scenario.platform.draws, options.workers, options.cores});
}

void DrawnRun::began(const RoundPlan& plan) {
  begun_ = {plan.tasks.size(), plan.steps.size()};
  growths_.clear();
}

void DrawnRun::grew(const RoundPlan& plan) {
  growths_.push_back({plan.tasks.size(), plan.steps.size()});
}

void DrawnRun::add(const RoundPlan& plan, const std::vector<bool>& participants) {
  if (!redraws_) return;
  closes_early_ = closes_early_ || plan.closing.kind != Closing::Kind::all || plan.closing.enough > 0;
  redraws_->add({plan, participants, begun_, growths_});
}

void DrawnRun::describe(StoreWriter& store) const {
  if (timing_.uncertainty().is_stated())
    store.set_meta(meta_key::uncertainty, uncertainty_in_words(timing_.uncertainty()));
}

void DrawnRun::write(StoreWriter& store) {
  if (!redraws_) return;
  const int run = inputs_.run.run;
  try {
    const DrawnCosts costs = redraws_->finish();
    store.write_draws(interval_records(run, costs), draw_records(run, costs, evaluated_));
    const std::string reasons =
        adaptive_because(*inputs_.run.method, timing_.fleet(), closes_early_, timing_.is_timeless());
    if (!reasons.empty())
      store.write_warning(
          {run, -1,
           fmt::format(
               "the intervals are of the clock alone: it was drawn anew with the plans as they are, although in "
               "other fleets {} would differ",
               reasons)});
  } catch (const RunError& error) {
    store.write_warning({run, -1, fmt::format("times and costs have no intervals: {}", error.what())});
  }
  redraws_.reset();
}

}  // namespace msfusion
