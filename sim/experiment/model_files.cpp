#include "sim/experiment/model_files.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/base/durable_file.hpp"
#include "sim/base/value_type.hpp"
#include "sim/record/format.hpp"
#include "sim/shape/depth.hpp"
#include "sim/shape/layer_list.hpp"

namespace msfusion {

namespace {

using nlohmann::json;

const char* word_for(KeptMoment moment) {
  switch (moment) {
    case KeptMoment::last:
      return "last";
    case KeptMoment::best:
      return "best";
  }
  throw std::logic_error("a moment without a word");
}

// By axis: its units in the full model, and those that are here.
json axes_of(const Shape& shape, const WidthSlice& slice) {
  json axes = json::object();
  for (std::size_t a = 0; a < shape.axes.size(); ++a) {
    json& axis = axes[shape.axes[a].name] = {{"units", shape.axes[a].units}};
    const IndexSet& kept = slice.axes[a];
    if (kept.is_window())
      axis["window"] = {kept.start(), kept.length()};
    else
      axis["kept"] = kept.units();
  }
  return axes;
}

// By tensor: for each dimension [axis, outer, inner], null where nothing is ever cut.
json dimensions_of(const Shape& shape) {
  json tensors = json::object();
  for (const ParameterTensor& tensor : shape.tensors) {
    json& dims = tensors[tensor.name] = json::array();
    for (const Dim& dim : tensor.dims)
      dims.push_back(dim.axis == kFixed
                         ? json(nullptr)
                         : json{shape.axes[static_cast<std::size_t>(dim.axis)].name, dim.outer, dim.inner});
  }
  return tensors;
}

}  // namespace

std::string model_file(const std::string& results_folder, int run, KeptMoment moment, std::optional<NodeId> device) {
  return fmt::format("{}/models/run-{}.{}{}.safetensors", results_folder, run, word_for(moment),
                     device ? fmt::format(".device-{}", *device) : "");
}

TensorFile described_model(const RunInputs& inputs, EvaluatedModel model, int round,
                           const std::optional<std::string>& device) {
  TensorFile file;
  auto& about = file.metadata;
  about["format"] = "pt";  // the order of dimensions is PyTorch's
  about["scenario"] = inputs.preparation.scenario.name;
  about["method"] = inputs.run.method->label;
  about["seed"] = std::to_string(inputs.run.seed);
  about["round"] = std::to_string(shown_round(round));
  about["model"] = model.holder;
  if (device) about["device"] = *device;
  about["test_accuracy"] = decimal(model.accuracy);
  about["test_loss"] = decimal(model.loss);
  about["axes"] = axes_of(inputs.shape, model.slice).dump();
  about["dimensions"] = dimensions_of(inputs.shape).dump();
  about[kLayerListKey] =
      layer_list(inputs.shape.blocks.empty() ? inputs.shape : kept_layers(inputs.shape, model.slice));
  const Dataset& data = inputs.preparation.data;
  if (!data.channel_mean.empty()) {
    about["input_mean"] = json(data.channel_mean).dump();
    about["input_std"] = json(data.channel_std).dump();
  }
  file.tensors = std::move(model.tensors);
  return file;
}

void ModelKeeper::note(const Learner& learner, const Evaluation& evaluation, bool is_last) {
  const KeptModels& keep = inputs_.preparation.scenario.evaluation.keep;
  if (keep.best && (!best_ || evaluation.global_accuracy > *best_)) {
    best_ = evaluation.global_accuracy;
    write(learner, evaluation.round, KeptMoment::best, std::nullopt);
  }
  if (!is_last) return;
  if (keep.last) write(learner, evaluation.round, KeptMoment::last, std::nullopt);
  if (!keep.devices) return;
  for (const DeviceScore& score : evaluation.devices) write(learner, evaluation.round, KeptMoment::last, score.device);
}

void ModelKeeper::write(const Learner& learner, int round, KeptMoment moment, std::optional<NodeId> device) const {
  std::optional<std::string> name;
  if (device) name = inputs_.preparation.fleet.node(*device).name;
  const std::string file = model_file(folder_, inputs_.run.run, moment, device);
  write_durably(file, file + ".unfinished",
                to_safetensors(described_model(inputs_, learner.evaluated_model(device), round, name)),
                "the trained model");
}

}  // namespace msfusion
