#include "sim/plan/trained_shape.hpp"

#include "sim/shape/adapters.hpp"
#include "sim/shape/layer_graph.hpp"
#include "sim/shape/start_values.hpp"

namespace msfusion {

Shape trained_shape(const ModelOptions& model, double rate, const SampleShape& samples,
                    const TrainingOptions& training) {
  Shape shape;
  if (training.adapters.rank == 0)
    shape = build_shape(rate == 1 ? model : narrowed(model, rate), samples);
  else
    shape = narrowed_shape(with_adapters(build_shape(model, samples), training.adapters), rate);
  keep_trained(shape, training.train);
  return shape;
}

}  // namespace msfusion
