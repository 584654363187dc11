// `msfusion export`: results as files for other programs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "reports/export.hpp"
#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/experiment/model_files.hpp"
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
  const StoreReader store((fs::path(command.folder) / "run.sqlite").string());
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
  const TensorFile model = read_safetensors(file);
  write_file(command.model, to_safetensors(model));
  std::size_t values = 0;
  for (const NamedTensor& tensor : model.tensors) values += tensor.values.size();
  say(fmt::format("{}: {} tensors with {} values; {}, round {}, {}, test accuracy {}\n", command.model,
                  model.tensors.size(), values, name_of(run), model.metadata.at("round"), model.metadata.at("model"),
                  model.metadata.at("test_accuracy")));
}

}  // namespace

int export_results(const ExportCommand& command) {
  if (command.csv.empty() && command.model.empty())
    throw UserError(Mistake{"export", 0, "nothing to write", "--csv DIR, --model FILE, or both"});
  if (!command.csv.empty()) export_tables(command);
  if (!command.model.empty()) export_model(command);
  return 0;
}

}  // namespace msfusion
