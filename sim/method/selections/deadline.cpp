// The fastest devices by what the platform says of each alone, as long as they are done within the round's time: FedCS
// where uploads share the network instead of queueing.
#include <fmt/format.h>

#include <algorithm>

#include "sim/base/units.hpp"
#include "sim/method/selections/selection.hpp"

namespace msfusion {

namespace {

class InTime : public Selection {
 public:
  explicit InTime(const SelectionContext& context)
      : round_seconds_(context.setup.method.selection.round_seconds),
        seconds_(static_cast<std::size_t>(context.setup.fleet.size()), 0) {
    double least = 0;
    for (const NodeId device : context.members) {
      double& seconds = seconds_[static_cast<std::size_t>(device)];
      seconds = context.estimate(device).seconds();
      if (least == 0 || seconds < least) least = seconds;
    }
    if (least > round_seconds_)
      refuse(context.setup,
             fmt::format("no device is done within the round-time of {}", human(round_seconds_, Quantity::seconds)),
             fmt::format("at least {}, which the fastest takes", human(least, Quantity::seconds)));
  }

  Draw draw(const DrawRequest& request) override {
    std::vector<NodeId> order;
    for (const NodeId device : request.eligible)
      if (seconds(device) <= round_seconds_) order.push_back(device);
    std::stable_sort(order.begin(), order.end(), [&](NodeId a, NodeId b) { return seconds(a) < seconds(b); });
    order.resize(std::min(order.size(), request.wanted));
    std::sort(order.begin(), order.end());
    Draw draw;
    for (const NodeId device : order) draw.notes.push_back({device, true, {}, {}, seconds(device)});
    draw.devices = std::move(order);
    return draw;
  }

 private:
  double seconds(NodeId device) const { return seconds_[static_cast<std::size_t>(device)]; }

  const double round_seconds_;
  std::vector<double> seconds_;  // by device
};

}  // namespace

std::unique_ptr<Selection> make_deadline_selection(const SelectionContext& context) {
  return std::make_unique<InTime>(context);
}

}  // namespace msfusion
