// Power of choice (Cho et al. 2020, arXiv 2010.01243): candidates are drawn in proportion to their samples, and those
// with the largest loss train. The first round, when no model has learnt anything, draws uniformly.
#include <algorithm>
#include <limits>
#include <map>

#include "sim/method/selections/by_size.hpp"
#include "sim/method/selections/draws.hpp"
#include "sim/method/selections/selection.hpp"

namespace msfusion {

namespace {

class PowerOfChoice : public Selection {
 public:
  explicit PowerOfChoice(const SelectionContext& context)
      : setup_(context.setup), options_(context.setup.method.selection) {}

  Draw draw(const DrawRequest& request) override {
    Draw draw;
    if (request.round == 0) {
      draw.devices = draw_uniformly(request.eligible, request.wanted, request.seed);
      for (const NodeId device : draw.devices) draw.notes.push_back({device, true, {}, {}, {}});
      return draw;
    }
    const auto stated = static_cast<std::size_t>(options_.candidates.value_or(2 * *setup_.method.exchange.cohort));
    const std::size_t candidates = std::min(request.eligible.size(), std::max(stated, request.wanted));
    const std::vector<NodeId> drawn = draw_by_size(setup_, request.eligible, candidates, request.seed);
    std::vector<double> losses;
    const bool asks = told_of(options_) == Told::loss_before;
    if (asks) {
      losses = request.tell(drawn);
      draw.candidates = drawn;
    } else {
      for (const NodeId device : drawn) {
        const auto last = last_losses_.find(device);
        losses.push_back(last == last_losses_.end() ? std::numeric_limits<double>::infinity() : last->second);
      }
    }
    std::vector<std::size_t> order(drawn.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    // Of equal losses the one that was drawn first.
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return losses[a] > losses[b]; });
    order.resize(request.wanted);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return drawn[a] < drawn[b]; });
    for (const std::size_t i : order) draw.devices.push_back(drawn[i]);
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const bool chosen = std::find(order.begin(), order.end(), i) != order.end();
      if (!asks && !chosen) continue;
      const bool is_known = losses[i] < std::numeric_limits<double>::infinity();
      draw.notes.push_back({drawn[i],
                            chosen,
                            asks ? std::optional(losses[i]) : std::nullopt,
                            is_known ? std::optional(losses[i]) : std::nullopt,
                            {}});
    }
    return draw;
  }

  void observe(int, const std::vector<SelectionOutcome>& outcomes) override {
    for (const SelectionOutcome& outcome : outcomes)
      if (outcome.told) last_losses_[outcome.device] = *outcome.told;
  }

 private:
  const PlannerSetup& setup_;
  const SelectionOptions& options_;
  std::map<NodeId, double> last_losses_;
};

}  // namespace

std::unique_ptr<Selection> make_power_of_choice_selection(const SelectionContext& context) {
  return std::make_unique<PowerOfChoice>(context);
}

}  // namespace msfusion
