#include "sim/learn/training/objectives/info_nce.hpp"

namespace msfusion {

// MSfusion: the negatives are the device's last sub-model, its peers' sub-models, or both.
std::unique_ptr<Objective> make_contrastive_objective(const ObjectiveContext& context) {
  return make_info_nce(context);
}

}  // namespace msfusion
