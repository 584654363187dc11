// Trainings and their results as bytes: for checkpoints, and for processes that train for another one.
#pragma once

#include "sim/learn/state_file.hpp"
#include "sim/learn/training_job.hpp"

namespace msfusion {

void write(StateWriter& out, const SubModel& model);
/// What is read fits the model of that shape; anything else throws RunError.
SubModel read_submodel(StateReader& in, const Shape& shape);

void write(StateWriter& out, const Trained& trained);  ///< without what it cost
Trained read_trained(StateReader& in, const Shape& shape);

/// A job whose starting values were gathered; which samples the device holds, the reader knows by itself.
void write(StateWriter& out, const TrainingJob& job);
TrainingJob read_job(StateReader& in, const Shape& shape);

}  // namespace msfusion
