#include <array>
#include <stdexcept>
#include <utility>

#include "sim/learn/objective.hpp"

namespace msfusion {

namespace {
constexpr std::array<std::pair<ObjectiveKind, ObjectiveMaker>, 6> kMakers = {{
    {ObjectiveKind::cross_entropy, make_cross_entropy},
    {ObjectiveKind::masked_cross_entropy, make_masked_cross_entropy},
    {ObjectiveKind::proximal, make_proximal},
    {ObjectiveKind::control_variates, make_control_variates},
    {ObjectiveKind::model_contrastive, make_contrastive},
    {ObjectiveKind::contrastive, make_contrastive},
}};
}  // namespace

std::unique_ptr<Objective> make_objective(const ObjectiveContext& context) {
  for (const auto& [kind, make] : kMakers)
    if (kind == context.choice.kind) return make(context);
  throw std::logic_error("an objective that is not in the table");
}

}  // namespace msfusion
