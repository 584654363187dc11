// In proportion to the samples that devices hold, without replacement.
#include <algorithm>

#include "sim/method/selections/by_size.hpp"
#include "sim/method/selections/draws.hpp"
#include "sim/method/selections/selection.hpp"

namespace msfusion {

std::vector<NodeId> draw_by_size(const PlannerSetup& setup, const std::vector<NodeId>& devices, std::size_t count,
                                 std::uint64_t seed) {
  std::vector<double> weights;
  for (const NodeId device : devices) weights.push_back(static_cast<double>(setup.samples_of(device)));
  return draw_weighted(devices, weights, count, seed);
}

namespace {

class BySize : public Selection {
 public:
  explicit BySize(const SelectionContext& context) : setup_(context.setup) {}

  Draw draw(const DrawRequest& request) override {
    Draw draw;
    draw.devices = draw_by_size(setup_, request.eligible, request.wanted, request.seed);
    std::sort(draw.devices.begin(), draw.devices.end());
    for (const NodeId device : draw.devices)
      draw.notes.push_back({device, true, {}, static_cast<double>(setup_.samples_of(device)), {}});
    return draw;
  }

 private:
  const PlannerSetup& setup_;
};

}  // namespace

std::unique_ptr<Selection> make_size_selection(const SelectionContext& context) {
  return std::make_unique<BySize>(context);
}

}  // namespace msfusion
