// Jobs and their results as bytes, for checkpoints and for remote trainers.
#pragma once

#include "sim/learn/running/state_file.hpp"
#include "sim/learn/training/training_job.hpp"

namespace msfusion {

void write(StateWriter& out, const SubModel& model);
/// Throws RunError where the bytes do not fit the shape.
SubModel read_submodel(StateReader& in, const Shape& shape);

void write(StateWriter& out, const OptimiserMemory& memory);
OptimiserMemory read_optimiser(StateReader& in, std::int64_t size);  ///< of moments of that size

void write(StateWriter& out, const Trained& trained);  ///< without its times
Trained read_trained(StateReader& in, const Shape& shape);

/// A job whose starting values were gathered, without the device's samples, which the reader knows.
void write(StateWriter& out, const TrainingJob& job);
TrainingJob read_job(StateReader& in, const Shape& shape);

}  // namespace msfusion
