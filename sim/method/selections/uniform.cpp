// Every device is as likely as any other.
#include "sim/method/selections/draws.hpp"
#include "sim/method/selections/selection.hpp"

namespace msfusion {

namespace {

class Uniform : public Selection {
 public:
  Draw draw(const DrawRequest& request) override {
    return {draw_uniformly(request.eligible, request.wanted, request.seed), {}, {}};
  }
};

}  // namespace

std::unique_ptr<Selection> make_uniform_selection(const SelectionContext&) {
  return std::make_unique<Uniform>();
}

}  // namespace msfusion
