// Oort (Lai et al. 2021, arXiv 2010.06081): a device's utility is its number of samples times the root of their mean
// squared loss; devices slower than a preferred duration count less. Part of a cohort are devices that never reported,
// the fastest and largest first. The preferred duration grows while utility stalls. The first round draws uniformly.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/seed.hpp"
#include "sim/method/selections/draws.hpp"
#include "sim/method/selections/selection.hpp"
#include "sim/method/task_costs.hpp"

namespace msfusion {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::uint64_t kExploreDraw = std::uint64_t{1} << 41, kFillDraw = std::uint64_t{1} << 42;
constexpr std::size_t kPoolFactor = 5;  // never-reported devices that are drawn among, by the number wanted
constexpr std::size_t kPacerRounds = 20;
constexpr double kPacerStep = 5, kLeastPercentile = 5, kMostPercentile = 100;
constexpr double kStalls = 0.1, kJumps = 5;  // change of utility, as a share of its last sum
constexpr double kTemporal = 0.1, kBelowLeast = 0.999, kLeastRange = 1e-4;

double quantile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto place = static_cast<std::size_t>(share * static_cast<double>(values.size()));
  return values[std::min(place, values.size() - 1)];
}

class Oort : public Selection {
 public:
  explicit Oort(const SelectionContext& context)
      : setup_(context.setup),
        options_(context.setup.method.selection),
        percentile_(options_.duration_percentile),
        explore_(options_.explore),
        devices_(static_cast<std::size_t>(setup_.fleet.size())) {
    for (const NodeId device : context.members) {
      Known& known = at(device);
      known.seconds = context.estimate(device).seconds();
      const std::int64_t held = setup_.samples_of(device);
      const LocalTraining training = local_training(setup_.training, held);
      known.samples =
          static_cast<double>(std::min(held, training.optimiser_steps * std::int64_t{setup_.training.batch}));
      members_.push_back(device);
    }
  }

  Draw draw(const DrawRequest& request) override {
    exploited_.clear();
    if (request.round == 0) {
      const std::vector<NodeId> all = draw_uniformly(request.eligible, request.wanted, request.seed);
      Draw draw{all, {}, {}};
      for (const NodeId device : all) draw.notes.push_back({device, true, {}, {}, at(device).seconds});
      return draw;
    }
    set_pace();
    explore_ = std::max(explore_ * options_.explore_decay, options_.explore_least);
    std::vector<NodeId> known, fresh;
    for (const NodeId device : request.eligible) {
      if (options_.most_reports && at(device).reports > *options_.most_reports) continue;
      (at(device).utility ? known : fresh).push_back(device);
    }
    const double preferred = preferred_seconds();
    const std::vector<double> scores = scores_of(known, fresh, request.round + 1, preferred);
    const auto share =
        static_cast<std::size_t>(std::floor(static_cast<double>(request.wanted) * (1 - explore_) + 1e-9));
    Draw draw;
    const auto take = [&](NodeId device, std::optional<double> score) {
      draw.devices.push_back(device);
      draw.notes.push_back({device, true, {}, score, at(device).seconds});
    };
    for (const NodeId device : exploit(known, scores, std::min(share, known.size()), request.seed)) {
      exploited_.push_back(device);
      take(device, scores[place_in(known, device)]);
    }
    const auto explored = explore(fresh, request.wanted - draw.devices.size(), preferred, request.round);
    for (const auto& [device, prior] : explored) take(device, prior);
    fill(draw, request, take);
    std::sort(draw.devices.begin(), draw.devices.end());
    return draw;
  }

  // A straggler that the round did not wait for counts as the round's mean; who was offline did not report.
  void observe(int round, const std::vector<SelectionOutcome>& outcomes) override {
    std::vector<double> utilities, of_exploited;
    for (const SelectionOutcome& outcome : outcomes) {
      if (outcome.fate != Fate::done || !outcome.told) continue;
      Known& known = at(outcome.device);
      known.utility = known.samples * *outcome.told;
      known.seconds = outcome.seconds;
      known.round = round + 1;
      ++known.reports;
      utilities.push_back(*known.utility);
      if (std::find(exploited_.begin(), exploited_.end(), outcome.device) != exploited_.end())
        of_exploited.push_back(*known.utility);
    }
    exploited_utility_.push_back(of_exploited.empty() ? 0 : mean(of_exploited));
    if (utilities.empty()) return;
    for (const SelectionOutcome& outcome : outcomes) {
      if (outcome.fate != Fate::late) continue;
      Known& known = at(outcome.device);
      known.utility = mean(utilities);
      known.seconds = std::max(known.seconds, outcome.seconds);
      known.round = round + 1;
    }
  }

 private:
  struct Known {
    double samples = 0;             // that its training sees at least once
    double seconds = 0;             // estimated, then measured
    std::optional<double> utility;  // none: it never reported
    int round = 0;                  // of the last report, from 1
    int reports = 0;
  };

  Known& at(NodeId device) { return devices_[static_cast<std::size_t>(device)]; }
  const Known& at(NodeId device) const { return devices_[static_cast<std::size_t>(device)]; }

  static double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }

  static std::size_t place_in(const std::vector<NodeId>& devices, NodeId device) {
    return static_cast<std::size_t>(std::lower_bound(devices.begin(), devices.end(), device) - devices.begin());
  }

  void set_pace() {
    const std::size_t rounds = exploited_utility_.size();
    if (rounds < 2 * kPacerRounds || rounds % kPacerRounds != 0) return;
    const auto end = exploited_utility_.end();
    const double last = std::accumulate(end - kPacerRounds, end, 0.0),
                 before = std::accumulate(end - 2 * kPacerRounds, end - kPacerRounds, 0.0);
    const double change = std::abs(last - before);
    if (change <= kStalls * before)
      percentile_ = std::min(kMostPercentile, percentile_ + kPacerStep);
    else if (change >= kJumps * before)
      percentile_ = std::max(kLeastPercentile, percentile_ - kPacerStep);
  }

  double preferred_seconds() const {
    if (percentile_ >= kMostPercentile) return kInfinity;
    std::vector<double> all;
    for (const NodeId device : members_) all.push_back(at(device).seconds);
    return quantile(all, percentile_ / 100);
  }

  double slowed(NodeId device, double preferred) const {
    const double seconds = at(device).seconds;
    return seconds > preferred ? std::pow(preferred / seconds, options_.slow_exponent) : 1;
  }

  std::vector<double> scores_of(const std::vector<NodeId>& known, const std::vector<NodeId>& fresh, int round,
                                double preferred) const {
    std::vector<double> utilities;
    for (const NodeId device : known)
      if (*at(device).utility > 0) utilities.push_back(*at(device).utility);
    for (const NodeId device : fresh)
      if (at(device).samples > 0) utilities.push_back(at(device).samples);
    std::vector<double> scores;
    if (utilities.empty()) return std::vector<double>(known.size(), 0);
    const double clip = quantile(utilities, options_.utility_quantile);
    const double least = kBelowLeast * *std::min_element(utilities.begin(), utilities.end());
    const double range = std::max(*std::max_element(utilities.begin(), utilities.end()) - least, kLeastRange);
    for (const NodeId device : known) {
      const double utility = (std::min(*at(device).utility, clip) - least) / range;
      const double waited = std::sqrt(kTemporal * std::log(static_cast<double>(round)) / at(device).round);
      scores.push_back(std::max(0.0, utility + waited) * slowed(device, preferred));
    }
    return scores;
  }

  std::vector<NodeId> exploit(const std::vector<NodeId>& known, const std::vector<double>& scores, std::size_t count,
                              std::uint64_t seed) const {
    if (count == 0) return {};
    std::vector<double> sorted = scores;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    const double cut = options_.cutoff * sorted[std::min(count, sorted.size() - 1)];
    std::vector<NodeId> good;
    std::vector<double> weights;
    for (std::size_t i = 0; i < known.size(); ++i) {
      if (scores[i] < cut) continue;
      good.push_back(known[i]);
      weights.push_back(scores[i]);
    }
    return draw_weighted(good, weights, count, seed);
  }

  // With what each was drawn by.
  std::vector<std::pair<NodeId, double>> explore(const std::vector<NodeId>& fresh, std::size_t count, double preferred,
                                                 int round) const {
    std::vector<std::pair<double, NodeId>> priors;
    for (const NodeId device : fresh) priors.emplace_back(at(device).samples * slowed(device, preferred), device);
    std::stable_sort(priors.begin(), priors.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    priors.resize(std::min(priors.size(), kPoolFactor * count));
    std::vector<NodeId> pool;
    std::vector<double> weights;
    for (const auto& [prior, device] : priors) {
      pool.push_back(device);
      weights.push_back(prior);
    }
    std::vector<std::pair<NodeId, double>> drawn;
    for (const NodeId device : draw_weighted(pool, weights, count, seed_of(kExploreDraw, round)))
      drawn.emplace_back(device, at(device).samples * slowed(device, preferred));
    return drawn;
  }

  template <class Take>
  void fill(const Draw& draw, const DrawRequest& request, Take take) const {
    std::vector<NodeId> left;
    for (const NodeId device : request.eligible)
      if (std::find(draw.devices.begin(), draw.devices.end(), device) == draw.devices.end() &&
          !(options_.most_reports && at(device).reports > *options_.most_reports))
        left.push_back(device);
    const std::size_t missing = request.wanted - draw.devices.size();
    for (const NodeId device : draw_uniformly(left, missing, seed_of(kFillDraw, request.round)))
      take(device, std::nullopt);
  }

  std::uint64_t seed_of(std::uint64_t draw, int round) const {
    return derive_seed(setup_.seed, Purpose::cohort, draw, static_cast<std::uint64_t>(round));
  }

  const PlannerSetup& setup_;
  const SelectionOptions& options_;
  double percentile_, explore_;
  std::vector<Known> devices_;
  std::vector<NodeId> members_;
  std::vector<NodeId> exploited_;          // in this round
  std::vector<double> exploited_utility_;  // mean, by round
};

}  // namespace

std::unique_ptr<Selection> make_oort_selection(const SelectionContext& context) {
  return std::make_unique<Oort>(context);
}

}  // namespace msfusion
