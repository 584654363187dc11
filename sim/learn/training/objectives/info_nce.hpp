// The loss that MOON and MSfusion share: cross-entropy + weight x InfoNCE over representations.
#pragma once

#include "sim/learn/training/objective.hpp"

namespace msfusion {

/// The positive is the model that the round started with; the negatives are those of the job.
std::unique_ptr<Objective> make_info_nce(const ObjectiveContext& context);

/// Mean over the rows of -log(e^{s(z,p)/tau} / (e^{s(z,p)/tau} + sum_k e^{s(z,n_k)/tau})), where s is the cosine; all
/// [rows, features].
at::Tensor info_nce(const at::Tensor& anchor, const at::Tensor& positive, const std::vector<at::Tensor>& negatives,
                    double temperature);

}  // namespace msfusion
