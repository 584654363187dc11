// FedCS (Nishio and Yonetani 2019, arXiv 1804.08333): of a random cohort the server adds, as long as the round keeps
// its time, the device that lengthens the round least, where uploads come one after the other.
#include <fmt/format.h>

#include <algorithm>

#include "sim/base/units.hpp"
#include "sim/method/selections/draws.hpp"
#include "sim/method/selections/selection.hpp"

namespace msfusion {

namespace {

class FedCs : public Selection {
 public:
  explicit FedCs(const SelectionContext& context) : context_(context), options_(context.setup.method.selection) {
    double least = 0;
    for (const NodeId device : context_.members) {
      const double seconds = context_.estimate(device).seconds();
      if (least == 0 || seconds < least) least = seconds;
    }
    if (least >= options_.round_seconds)
      refuse(context_.setup,
             fmt::format("no device is done within the round-time of {}",
                         human(options_.round_seconds, Quantity::seconds)),
             fmt::format("more than {}, which the fastest takes", human(least, Quantity::seconds)));
  }

  Draw draw(const DrawRequest& request) override {
    struct Asked {
      NodeId device;
      RoundEstimate estimate;
    };
    std::vector<Asked> left;
    for (const NodeId device : draw_uniformly(request.eligible, request.wanted, request.seed))
      left.push_back({device, context_.estimate(device)});
    Draw draw;
    double slowest_down = 0, uploaded = 0;  // since the model was there
    while (!left.empty()) {
      const auto added = [&](const Asked& asked) {
        return std::max(0.0, asked.estimate.down - slowest_down) + asked.estimate.up +
               std::max(0.0, asked.estimate.computing - uploaded);
      };
      const auto best = std::min_element(left.begin(), left.end(),
                                         [&](const Asked& a, const Asked& b) { return added(a) < added(b); });
      const double down = std::max(slowest_down, best->estimate.down);
      const double until = uploaded + best->estimate.up + std::max(0.0, best->estimate.computing - uploaded);
      const bool fits = down + until < options_.round_seconds;
      draw.notes.push_back({best->device, fits, {}, added(*best), best->estimate.seconds()});
      if (fits) {
        slowest_down = down;
        uploaded = until;
        draw.devices.push_back(best->device);
      }
      left.erase(best);
    }
    std::sort(draw.devices.begin(), draw.devices.end());
    return draw;
  }

 private:
  const SelectionContext context_;
  const SelectionOptions& options_;
};

}  // namespace

std::unique_ptr<Selection> make_fedcs_selection(const SelectionContext& context) {
  return std::make_unique<FedCs>(context);
}

}  // namespace msfusion
