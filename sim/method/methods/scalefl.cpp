// ScaleFL (CVPR 2023): levels of a width and a depth, 0.7, 0.7, 0.75 and 1 for one to four stages. Losses of a
// sub-model's classifiers count by their depth, and from a quarter of the rounds on each learns from the deepest one's
// predictions at temperature 3. An element becomes the plain mean over the devices that hold it. In the release the
// weight of the distillation is 0 unless given, the divergence is averaged over classes, too, and the teacher gets
// gradient; here the weight is 1, the divergence is summed over classes, and the teacher gets none.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry scalefl() {
  constexpr double kTemperature = 3;
  Method method = by_depth();
  method.split.rate = {RateChoice::Kind::levels, {0.7, 0.7, 0.75, 1}, false};
  method.split.exits.kind = ExitChoice::Kind::all;
  method.objective.kind = ObjectiveKind::taught_exits;
  method.objective.weight = 1;
  method.objective.temperature = kTemperature;
  method.objective.scaler = true;
  return {"scalefl", "sub-models narrower and less deep, whose classifiers learn from the deepest one",
          "CVPR 2023 (ScaleFL)", method};
}

}  // namespace msfusion::methods
