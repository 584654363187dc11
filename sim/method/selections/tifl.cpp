// TiFL (Chai et al. 2020, arXiv 2001.09249): devices in tiers of equal size by estimated duration; a round draws a
// tier, then a cohort inside it. Adaptive: tiers whose devices the model serves badly are drawn more often, each at
// most `credits` times.
#include <algorithm>
#include <boost/random/discrete_distribution.hpp>
#include <boost/random/mersenne_twister.hpp>
#include <map>

#include "sim/base/seed.hpp"
#include "sim/method/selections/draws.hpp"
#include "sim/method/selections/selection.hpp"

namespace msfusion {

namespace {

constexpr std::uint64_t kTierDraw = std::uint64_t{1} << 40;  // beside the draws of devices

class Tiers : public Selection {
 public:
  explicit Tiers(const SelectionContext& context)
      : setup_(context.setup),
        options_(context.setup.method.selection),
        tiers_(static_cast<std::size_t>(options_.tiers)),
        interval_(options_.tier_interval.value_or(options_.tiers)) {
    std::vector<std::pair<double, NodeId>> by_seconds;
    for (const NodeId device : context.members) by_seconds.emplace_back(context.estimate(device).seconds(), device);
    std::sort(by_seconds.begin(), by_seconds.end());
    if (by_seconds.size() < tiers_)
      refuse(setup_, "tiers=\"" + std::to_string(tiers_) + "\" for " + std::to_string(by_seconds.size()) + " devices",
             "at most as many as devices");
    tier_of_.resize(static_cast<std::size_t>(setup_.fleet.size()), 0);
    seconds_of_.resize(tier_of_.size(), 0);
    for (std::size_t i = 0; i < by_seconds.size(); ++i) {
      const auto device = static_cast<std::size_t>(by_seconds[i].second);
      tier_of_[device] = i * tiers_ / by_seconds.size();
      seconds_of_[device] = by_seconds[i].first;
    }
    shares_ = options_.tier_shares.empty() ? std::vector<double>(tiers_, 1.0 / static_cast<double>(tiers_))
                                           : options_.tier_shares;
    if (is_adaptive() && setup_.shape.input_kind != InputKind::image)
      refuse(setup_,
             "tier-choice=\"adaptive\" where the data has no classes: tiers differ by the classes of their devices",
             "tier-choice=\"static\"");
    if (is_adaptive()) credits_.resize(tiers_, (setup_.training.rounds + options_.tiers - 1) / options_.tiers);
  }

  Draw draw(const DrawRequest& request) override {
    Draw draw;
    std::map<NodeId, double> told;
    if (is_adaptive() && request.round > 0 && request.round % interval_ == 0) told = look(request);
    std::vector<std::vector<NodeId>> eligible(tiers_);
    for (const NodeId device : request.eligible) eligible[tier(device)].push_back(device);
    const std::vector<double> weights = weights_of(eligible);
    if (std::any_of(weights.begin(), weights.end(), [](double weight) { return weight > 0; })) {
      boost::random::mt19937_64 random(
          derive_seed(setup_.seed, Purpose::cohort, kTierDraw, static_cast<std::uint64_t>(request.round)));
      last_ = boost::random::discrete_distribution<std::size_t, double>(weights)(random);
      if (is_adaptive() && credits_[last_] > 0) --credits_[last_];
      draw.devices = draw_uniformly(eligible[last_], std::min(request.wanted, eligible[last_].size()), request.seed);
    }
    for (const NodeId device : draw.devices)
      draw.notes.push_back({device, true, {}, static_cast<double>(tier(device)), seconds(device)});
    for (const auto& [device, accuracy] : told) {
      const auto note = std::find_if(draw.notes.begin(), draw.notes.end(),
                                     [id = device](const SelectionNote& one) { return one.device == id; });
      if (note != draw.notes.end())
        note->told = accuracy;
      else
        draw.notes.push_back({device, false, accuracy, static_cast<double>(tier(device)), seconds(device)});
    }
    return draw;
  }

 private:
  bool is_adaptive() const { return told_of(options_) == Told::accuracy; }
  std::size_t tier(NodeId device) const { return tier_of_[static_cast<std::size_t>(device)]; }
  double seconds(NodeId device) const { return seconds_of_[static_cast<std::size_t>(device)]; }

  // Of a tier that has nobody, or no credit, 0. Where the tiers that have somebody have no credit left, or no share,
  // they count the same.
  std::vector<double> weights_of(const std::vector<std::vector<NodeId>>& eligible) const {
    std::vector<double> weights(tiers_, 0), all(tiers_, 0);
    bool is_any = false;
    for (std::size_t t = 0; t < tiers_; ++t) {
      if (eligible[t].empty()) continue;
      all[t] = 1;
      if (credits_.empty() || credits_[t] > 0) weights[t] = shares_[t];
      is_any = is_any || weights[t] > 0;
    }
    return is_any ? weights : all;
  }

  // Asks how the model does for every tier; where the tier of the last round has not gained since the last look, the
  // worse a tier is the more often it is drawn from now on.
  std::map<NodeId, double> look(const DrawRequest& request) {
    const std::vector<double> told = request.tell(request.eligible);
    std::vector<double> sums(tiers_, 0), counts(tiers_, 0);
    std::map<NodeId, double> by_device;
    for (std::size_t i = 0; i < told.size(); ++i) {
      by_device[request.eligible[i]] = told[i];
      sums[tier(request.eligible[i])] += told[i];
      counts[tier(request.eligible[i])] += 1;
    }
    std::vector<std::optional<double>> accuracies(tiers_);
    for (std::size_t t = 0; t < tiers_; ++t)
      if (counts[t] > 0) accuracies[t] = sums[t] / counts[t];
    const bool has_earlier = !accuracies_.empty() && accuracies_[last_] && accuracies[last_];
    if (has_earlier && *accuracies[last_] <= *accuracies_[last_]) rank(accuracies);
    accuracies_ = accuracies;
    return by_device;
  }

  void rank(const std::vector<std::optional<double>>& accuracies) {
    std::vector<std::size_t> order;  // with credits, the worst first
    for (std::size_t t = 0; t < tiers_; ++t)
      if (credits_[t] > 0 && accuracies[t]) order.push_back(t);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return *accuracies[a] < *accuracies[b]; });
    const auto n = static_cast<double>(order.size());
    std::fill(shares_.begin(), shares_.end(), 0);
    for (std::size_t i = 0; i < order.size(); ++i) shares_[order[i]] = (n - static_cast<double>(i)) / (n * (n + 1) / 2);
  }

  const PlannerSetup& setup_;
  const SelectionOptions& options_;
  const std::size_t tiers_;
  const int interval_;
  std::vector<std::size_t> tier_of_;  // by device
  std::vector<double> seconds_of_;
  std::vector<double> shares_;                     // by tier
  std::vector<int> credits_;                       // by tier; adaptive only
  std::vector<std::optional<double>> accuracies_;  // of the last look
  std::size_t last_ = 0;
};

}  // namespace

std::unique_ptr<Selection> make_tifl_selection(const SelectionContext& context) {
  return std::make_unique<Tiers>(context);
}

}  // namespace msfusion
