#include "sim/learn/running/majority_vote.hpp"

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/slice_map.hpp"

namespace msfusion {

namespace {

bool is_coded(const ParameterTensor& tensor) {
  return tensor.is_trained && tensor.dims.size() > 1;
}

// The arrival's own values in tensors that are sent as they are, +-1 in those that are coded.
at::Tensor ballot(const RunContext& run, const Trained& arrival, const MessageBytes& message) {
  EncodingOptions options = run.setup.method.encoding;
  options.vote_step = 1;
  const ParameterLayout layout(run.setup.shape, arrival.slice);
  return decoded({run, options, arrival.slice, at::zeros({layout.size()}), arrival.round, arrival.task, nullptr},
                 message);
}

}  // namespace

Decision majority(const RunContext& run, const std::vector<const Trained*>& arrivals,
                  const std::vector<MessageBytes>& messages, const at::Tensor& current) {
  const auto size = static_cast<std::size_t>(run.full.size());
  std::vector<double> sum(size, 0.0), weight(size, 0.0);
  for (std::size_t a = 0; a < arrivals.size(); ++a) {
    const at::Tensor votes = ballot(run, *arrivals[a], messages[a]);
    const float* values = votes.data_ptr<float>();
    const double share = merge_weight(run.setup.method.merge, *arrivals[a]);
    SliceMap(run.setup.shape, run.full, arrivals[a]->slice).for_each_run([&](int tensor, const Run& one) {
      if (!run.setup.shape.tensors[static_cast<std::size_t>(tensor)].is_trained) return;  // nobody sent it
      // Every device has one vote.
      const double counts = is_coded(run.setup.shape.tensors[static_cast<std::size_t>(tensor)]) ? 1 : share;
      for (std::int64_t i = 0; i < one.length; ++i) {
        const auto place = static_cast<std::size_t>(one.full + i);
        sum[place] += counts * static_cast<double>(values[one.part + i]);
        weight[place] += counts;
      }
    });
  }
  Decision decision;
  Trained& model = decision.model;
  model.round = arrivals.front()->round;
  model.slice = full_slice(run.setup.shape);
  model.start = current;
  model.samples = 1;
  model.classes.assign(static_cast<std::size_t>(run.setup.shape.classes), true);
  model.values = current.clone();
  decision.told = current.clone();
  float *next = model.values.data_ptr<float>(), *told = decision.told.data_ptr<float>();
  const auto step = static_cast<float>(run.setup.method.encoding.vote_step);
  for (int t = 0; t < run.full.tensors(); ++t) {
    const bool coded = is_coded(run.setup.shape.tensors[static_cast<std::size_t>(t)]);
    const TensorSlot& slot = run.full.slot(t);
    for (auto i = static_cast<std::size_t>(slot.offset); i < static_cast<std::size_t>(slot.offset + slot.count); ++i) {
      if (!(weight[i] > 0)) continue;
      if (coded) {
        told[i] = sum[i] >= 0 ? 1.0F : -1.0F;
        next[i] += sum[i] >= 0 ? step : -step;
      } else {
        told[i] = next[i] = static_cast<float>(sum[i] / weight[i]);
      }
    }
  }
  return decision;
}

}  // namespace msfusion
