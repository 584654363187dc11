#include "sim/learn/training/objectives/info_nce.hpp"

namespace msfusion {

// MOON: the negative is the device's last model.
std::unique_ptr<Objective> make_model_contrastive_objective(const ObjectiveContext& context) {
  return make_info_nce(context);
}

}  // namespace msfusion
