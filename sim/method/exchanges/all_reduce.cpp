#include <algorithm>

#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

using After = std::vector<StepId>;

StepId send(PlanDraft& draft, std::size_t from, std::size_t to, std::int64_t floats, After after) {
  const std::vector<TrainTask>& tasks = draft.plan.tasks;
  return draft.transfer(tasks[from], tasks[from].device, tasks[to].device, kFloatBytes * static_cast<double>(floats),
                        Cargo::reduced, std::move(after));
}

void add_ring(PlanDraft& draft, std::int64_t floats, const std::vector<After>& ready) {
  const std::size_t devices = ready.size();
  const auto chunk = [&](std::size_t number) {
    const auto n = static_cast<std::int64_t>(devices), c = static_cast<std::int64_t>(number % devices);
    return floats * (c + 1) / n - floats * c / n;
  };
  // What device i sends next needs what it received last, and the line that its last message took.
  std::vector<After> next = ready;
  for (std::size_t phase = 0; phase < 2; ++phase)
    for (std::size_t step = 0; step + 1 < devices; ++step) {
      std::vector<StepId> sent;
      for (std::size_t i = 0; i < devices; ++i)
        sent.push_back(send(draft, i, (i + 1) % devices, chunk(i + devices + phase - step), next[i]));
      for (std::size_t i = 0; i < devices; ++i) {
        const std::size_t before = (i + devices - 1) % devices;
        next[i] = {sent[before], sent[i]};
        // Its own values must be there before it can add them.
        next[i].insert(next[i].end(), ready[i].begin(), ready[i].end());
      }
    }
}

void add_tree(PlanDraft& draft, std::int64_t floats, const std::vector<After>& ready) {
  const std::size_t devices = ready.size();
  std::vector<After> summed = ready;
  for (std::size_t i = devices; i-- > 1;) summed[(i - 1) / 2].push_back(send(draft, i, (i - 1) / 2, floats, summed[i]));
  std::vector<After> has_sum(devices);
  has_sum[0] = summed[0];
  for (std::size_t i = 1; i < devices; ++i) has_sum[i] = {send(draft, (i - 1) / 2, i, floats, has_sum[(i - 1) / 2])};
}

}  // namespace

void add_all_reduce(PlanDraft& draft, std::int64_t floats, const std::vector<std::vector<StepId>>& ready) {
  draft.plan.all_reduces = true;
  if (draft.setup.method.exchange.all_reduce == ExchangeChoice::AllReduce::ring)
    add_ring(draft, floats, ready);
  else
    add_tree(draft, floats, ready);
}

std::vector<std::vector<StepId>> add_catching_up(PlanDraft& draft) {
  std::vector<TrainTask>& tasks = draft.plan.tasks;
  const auto holder = std::find_if(tasks.begin(), tasks.end(),
                                   [&](const TrainTask& task) { return draft.holders.has_current(task.device); });
  std::vector<std::vector<StepId>> after(tasks.size());
  if (holder == tasks.end()) {
    tasks.clear();
    return {};
  }
  // The nearest one before it in the ring that has it, so that several catch up from several.
  NodeId from = holder->device;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (draft.holders.has_current(tasks[i].device))
      from = tasks[i].device;
    else
      after[i] = {draft.transfer(tasks[i], from, tasks[i].device, draft.costs.down(tasks[i].slice), Cargo::model, {})};
  }
  return after;
}

}  // namespace msfusion::exchanges
