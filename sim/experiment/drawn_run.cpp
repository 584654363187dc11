#include "sim/experiment/drawn_run.hpp"

#include <fmt/format.h>

#include "sim/base/error.hpp"
#include "sim/experiment/uncertainty_records.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

// A training that goes on from round to round begins when its device is free, which no plan of another fleet knows.
bool plans_anew(const Method& method) {
  return facts_of(method.exchange.kind).spans_rounds;
}

}  // namespace

DrawnRun::DrawnRun(Timing& timing, const RunInputs& inputs, const RunOptions& options)
    : timing_(timing),
      inputs_(inputs),
      observation_{inputs.run.run, inputs.shape, timing.fleet(), inputs.preparation.scenario.prices} {
  const Scenario& scenario = inputs.preparation.scenario;
  if (scenario.platform.fleet > 0) {
    timing.redraw(draw_fleets(timing.uncertainty(), layer_shares(inputs.shape), scenario.seeds.front(),
                              scenario.platform.fleet - 1, 1)
                      .front());
    return;
  }
  if (scenario.platform.draws > 0 && timing.uncertainty().is_stated())
    redraws_.emplace(timing, observation_,
                     RedrawOptions{scenario.seeds.front(), scenario.platform.draws, options.workers, options.cores,
                                   layer_shares(inputs.shape), plans_anew(*inputs.run.method) ? &inputs : nullptr});
}

void DrawnRun::add(const RoundPlan& plan, const std::vector<bool>& participants, std::size_t delivered) {
  if (!redraws_) return;
  closes_early_ = closes_early_ || plan.closing.kind != Closing::Kind::all || plan.closing.enough > 0;
  redraws_->add({plan, participants, plans_anew(*inputs_.run.method) ? delivered : 0});
}

void DrawnRun::describe(StoreWriter& store) const {
  if (!timing_.uncertainty().is_stated()) return;
  const int fleet = inputs_.preparation.scenario.platform.fleet;
  store.set_meta(meta_key::uncertainty,
                 uncertainty_in_words(timing_.uncertainty()) +
                     (fleet > 0 ? fmt::format("; all times are those of drawn fleet {}", fleet) : ""));
}

void DrawnRun::write(StoreWriter& store) {
  if (!redraws_) return;
  const int run = inputs_.run.run;
  try {
    const DrawnCosts costs = redraws_->finish();
    store.write_draws(interval_records(run, costs), draw_records(run, costs, evaluated_));
    const std::string reasons =
        adaptive_because(*inputs_.run.method, timing_.fleet(), closes_early_, timing_.is_timeless());
    if (plans_anew(*inputs_.run.method))
      store.write_warning(
          {run, -1,
           "the intervals are of the clock alone, until as many updates were merged as in the run: in other fleets "
           "they "
           "come in another order, which was planned anew; what the model would have learned from it was not "
           "(--redraw-training does)"});
    else if (!reasons.empty())
      store.write_warning(
          {run, -1,
           fmt::format(
               "the intervals are of the clock alone: it was drawn anew with the plans as they are, although in "
               "other fleets {} would differ (--redraw-training trains on some)",
               reasons)});
  } catch (const RunError& error) {
    store.write_warning({run, -1, fmt::format("times and costs have no intervals: {}", error.what())});
  }
  redraws_.reset();
}

}  // namespace msfusion
