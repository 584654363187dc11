// The loss that MOON and MSfusion share: cross-entropy + weight x InfoNCE over representations.
#pragma once

#include "sim/learn/training/objective.hpp"

namespace msfusion {

/// The positive is the model that the round started with; the negatives are those of the job.
std::unique_ptr<Objective> make_info_nce(const ObjectiveContext& context);

/// Mean over the rows of -log(e^{s_0/tau} / sum_k e^{s_k/tau}): s_0 is the cosine of anchor and positive, the others
/// those of anchor and negatives; each [rows].
at::Tensor info_nce(const std::vector<at::Tensor>& similarities, double temperature);

}  // namespace msfusion
