// What the classifiers of one model learn from each other.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

/// exp(-5 (1 - min(t, T) / T)^2) in round t, from 0 on: the weight of a distillation while predictions get better.
double consistency_ramp(int round, int ramp_rounds);

/// One row of classes for each target.
at::Tensor logit_rows(const at::Tensor& logits);

/// The mean of KL(teacher || student) over the rows, from the teacher's probabilities and the logarithms of the
/// student's.
at::Tensor mean_divergence(const at::Tensor& teacher, const at::Tensor& log_probabilities);

}  // namespace msfusion
