// `msfusion export`: results as files for other programs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/export.hpp"
#include "reports/trace.hpp"
#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/experiment/model_files.hpp"
#include "sim/shape/layer_list.hpp"
#include "sim/shape/onnx_export.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/output.hpp"
#include "tools/commands/results_folder.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

void export_tables(const ExportCommand& command) {
  for (const std::string& one : with_combinations({command.folder}))
    export_csv(one, one == command.folder ? command.csv : command.csv + "/" + fs::path(one).filename().string());
}

// What a file may be called: no separators, and none of the two names that mean a folder.
std::string file_name_of(const std::string& text) {
  std::string name = text;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '/' || static_cast<unsigned char>(c) < ' '; }, '-');
  return name.find_first_not_of('.') == name.npos ? "-" + name : name;
}

// TensorBoard tells runs apart by folder.
void export_tensorboard(const ExportCommand& command) {
  for (const std::string& one : with_combinations({command.folder})) {
    fs::path place = command.tensorboard;
    if (one != command.folder) place /= fs::path(one).filename();
    std::set<fs::path> taken;
    const std::vector<RunTrace> runs = traces(StoreReader((fs::path(one) / "run.sqlite").string()));
    for (std::size_t i = 0; i < runs.size(); ++i) {
      fs::path folder = place / file_name_of(runs[i].name);
      // Labels may differ only in what a file may not be called.
      if (!taken.insert(folder).second) folder += fmt::format(" ({})", i);
      std::error_code problem;
      fs::create_directories(folder, problem);
      if (problem) throw RunError(fmt::format("{}: cannot be made: {}", folder.string(), problem.message()));
      write_file((folder / "events.out.tfevents.0.msfusion").string(), tensorboard_events(runs[i]));
    }
  }
}

// The store of a run; a sweep has several, and what goes into one file can only be of one.
StoreReader only_store(const ExportCommand& command) {
  const std::vector<std::string> each = with_combinations({command.folder});
  if (each.size() != 1 || each.front() != command.folder)
    throw UserError(Mistake{command.folder, 0, "a sweep", fmt::format("one of its folders, e.g. {}", each.front())});
  return StoreReader((fs::path(command.folder) / "run.sqlite").string());
}

void export_timeline(const ExportCommand& command) {
  const std::vector<RunTrace> runs = traces(only_store(command));
  if (!command.perfetto.empty()) write_file(command.perfetto, perfetto_trace(runs));
  if (!command.paje.empty()) write_file(command.paje, paje_trace(runs));
}

// A sweep's lines say which combination they are of.
void export_lines(const ExportCommand& command) {
  for (const std::string& one : with_combinations({command.folder})) {
    const std::string combination =
        one == command.folder
            ? ""
            : fmt::format("\"combination\":{},", nlohmann::json(fs::path(one).filename().string()).dump());
    StoreReader((fs::path(one) / "run.sqlite").string()).json_lines([&](const std::string& line) {
      fmt::print("{{{}{}\n", combination, line.substr(1));
    });
  }
}

std::string name_of(const RunRecord& run) {
  return fmt::format("{},{}", run.label, run.seed);
}

// "METHOD,SEED", or METHOD alone where it has one seed.
RunRecord chosen_run(const std::vector<RunRecord>& runs, const std::string& name) {
  std::vector<RunRecord> found;
  std::vector<std::string> names;
  for (const RunRecord& run : runs) {
    names.push_back(name_of(run));
    if (name.empty() || name == names.back() || name == run.label) found.push_back(run);
  }
  if (found.size() == 1) return found.front();
  throw UserError(Mistake{
      "--run", 0,
      found.empty() ? fmt::format("there is no run \"{}\"", name) : fmt::format("{} runs could be meant", found.size()),
      one_of(name, names)});
}

NodeId chosen_device(const std::vector<DeviceRecord>& devices, const std::string& name) {
  std::vector<std::string> names;
  for (const DeviceRecord& device : devices) {
    if (device.is_server) continue;
    if (device.name == name) return device.device;
    names.push_back(device.name);
  }
  throw UserError(Mistake{"--device", 0, fmt::format("there is no device \"{}\"", name), one_of(name, names)});
}

void export_model(const ExportCommand& command) {
  const StoreReader store = only_store(command);
  const RunRecord run = chosen_run(store.runs(), command.run);
  if (command.best && !command.device.empty())
    throw UserError(Mistake{"--best", 0, "with --device", "a device's sub-model is kept of the last evaluation alone"});
  std::optional<NodeId> device;
  if (!command.device.empty()) device = chosen_device(store.devices(run.run), command.device);
  const KeptMoment moment = command.best ? KeptMoment::best : KeptMoment::last;
  const std::string file = model_file(command.folder, run.run, moment, device);
  if (!fs::exists(file))
    throw UserError(Mistake{
        file, 0, fmt::format("this model of {} is not there; the run is {}", name_of(run), run.state),
        fmt::format("a finished `msfusion run` of a scenario with <evaluation keep=\"{}\"/>", command.best ? "best last"
                                                                                              : device ? "last devices"
                                                                                                       : "last")});
  const fs::path ending = fs::path(command.model).extension();
  const bool is_onnx = ending == ".onnx";
  if (!is_onnx && ending != ".safetensors")
    throw UserError(Mistake{"--model", 0, fmt::format("the file {}", command.model), "NAME.safetensors or NAME.onnx"});
  const TensorFile model = without_adapters(read_safetensors(file));
  write_file(command.model, is_onnx ? to_onnx(model, file) : to_safetensors(model));
  std::size_t values = 0;
  for (const NamedTensor& tensor : model.tensors) values += tensor.values.size();
  say(fmt::format("{}: {} tensors with {} values; {}, round {}, {}, test accuracy {}\n", command.model,
                  model.tensors.size(), values, name_of(run), model.metadata.at("round"), model.metadata.at("model"),
                  model.metadata.at("test_accuracy")));
}

}  // namespace

int export_results(const ExportCommand& command) {
  const bool timeline = !command.perfetto.empty() || !command.paje.empty();
  if (command.csv.empty() && command.tensorboard.empty() && !timeline && !command.jsonl && command.model.empty())
    throw UserError(
        Mistake{"export", 0, "nothing to write",
                "--csv DIR, --tensorboard DIR, --perfetto FILE, --paje FILE, --jsonl, --model FILE, or several"});
  if (!command.csv.empty()) export_tables(command);
  if (!command.tensorboard.empty()) export_tensorboard(command);
  if (timeline) export_timeline(command);
  if (command.jsonl) export_lines(command);
  if (!command.model.empty()) export_model(command);
  return 0;
}

}  // namespace msfusion
