// Streaming DiLoCo: the layers are cut into fragments, and in round r an all-reduce exchanges one of them. Where
// transfers overlap computing, it carries what the round before trained, and is merged when this round's training is
// over.
#include <fmt/format.h>

#include <algorithm>

#include "sim/method/exchanges/exchange.hpp"
#include "sim/shape/fragments.hpp"

namespace msfusion::exchanges {

extern const Exchange all;

namespace {

void add_steps(PlanDraft& draft) {
  const ExchangeChoice& exchange = draft.setup.method.exchange;
  const std::vector<std::vector<StepId>> after = add_catching_up(draft);
  const std::vector<TrainTask> tasks = draft.plan.tasks;
  if (tasks.empty()) return;
  std::vector<std::vector<StepId>> trained;
  for (std::size_t i = 0; i < tasks.size(); ++i) trained.push_back({draft.train(tasks[i], after[i])});
  const int round = draft.plan.round - (exchange.overlaps ? 1 : 0);
  draft.plan.all_reduces = true;
  if (round < 0) return;
  const std::vector<std::int64_t> sizes = fragment_sizes(draft.setup.shape, exchange.fragments);
  add_all_reduce(draft, sizes[static_cast<std::size_t>(round % exchange.fragments)],
                 exchange.overlaps ? after : trained);
}

void check(const PlannerSetup& setup, TaskCosts& costs) {
  all.check(setup, costs);
  const int asked = setup.method.exchange.fragments;
  const auto has_empty = [&](int fragments) {
    const std::vector<std::int64_t> sizes = fragment_sizes(setup.shape, fragments);
    return std::find(sizes.begin(), sizes.end(), 0) != sizes.end();
  };
  if (!has_empty(asked)) return;
  int most = asked;
  while (most > 1 && has_empty(most)) --most;
  refuse(setup, fmt::format("fragments=\"{}\" leaves one without a layer: fragments consist of whole layers", asked),
         fmt::format("1 to {}", most));
}

}  // namespace

extern const Exchange stream{add_steps, check};

}  // namespace msfusion::exchanges
