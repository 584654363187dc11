// The options of the commands that read results: report, compare, export.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <memory>

#include "reports/comparison.hpp"
#include "tools/commands/command_line.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/results_folder.hpp"

namespace msfusion {

namespace {

void add_report(CommandLine& line) {
  const auto options = std::make_shared<ReportCommand>();
  CLI::App* report =
      line.app.add_subcommand("report", "Make one page of one or many results folders, of runs or sweeps");
  report->add_option("folder", options->folders, "Results folders")->required()->type_name("DIR");
  report->add_option("-o,--out", options->out, "The page to write")->capture_default_str()->type_name("FILE");
  report->add_option("--baseline", options->baseline, "Compare costs with this label or method (default: fedavg)");
  report->add_option("--figures", options->figures, "Write every chart as SVG into this folder instead of a page")
      ->type_name("DIR");
  report->add_option("--watch", options->watch_seconds, "Renew the page this often while a run goes on")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600));
  report->footer(
      "Examples:\n  msfusion report results/quickstart results/other -o both.html\n  msfusion report "
      "results/quickstart --figures figures");
  line.does(report, [options] { return report_runs(*options); });
}

struct CompareOptions {
  std::vector<std::string> folders;
  std::string format = "terminal", baseline;
};

void add_compare(CommandLine& line) {
  static const std::map<std::string, TableFormat> formats = {{"terminal", TableFormat::terminal},
                                                             {"markdown", TableFormat::markdown},
                                                             {"latex", TableFormat::latex},
                                                             {"csv", TableFormat::csv}};
  const auto options = std::make_shared<CompareOptions>();
  CLI::App* compare = line.app.add_subcommand("compare", "Print which method reached which accuracy at what cost");
  compare->add_option("folder", options->folders, "Results folders")->required()->type_name("DIR");
  compare->add_option("--format", options->format, "terminal, markdown, latex or csv")
      ->capture_default_str()
      ->check(CLI::IsMember({"terminal", "markdown", "latex", "csv"}));
  compare->add_option("--baseline", options->baseline, "Compare costs with this label or method (default: fedavg)");
  compare->footer("Example:\n  msfusion compare results/quickstart --format markdown --baseline msfusion");
  line.does(compare, [options] {
    fmt::print("{}", comparison(with_combinations(options->folders), formats.at(options->format), options->baseline));
    return 0;
  });
}

void add_export(CommandLine& line) {
  const auto options = std::make_shared<ExportCommand>();
  CLI::App* command = line.app.add_subcommand(
      "export", "Write a results folder for other tools: tables, curves, timelines, or a model that it trained");
  command->add_option("folder", options->folder, "Results folder")->required()->type_name("DIR");
  command->add_option("--csv", options->csv, "Folder for the tables; of a sweep, one in it for each combination")
      ->type_name("DIR");
  command->add_option("--tensorboard", options->tensorboard, "Folder for event files of TensorBoard, a run each")
      ->type_name("DIR");
  command
      ->add_option("--perfetto", options->perfetto, "File for the simulated timeline as a Chrome trace, for Perfetto")
      ->type_name("FILE");
  command->add_option("--paje", options->paje, "File for the simulated timeline as a Paje trace, for ViTE and pj_dump")
      ->type_name("FILE");
  command->add_flag("--jsonl", options->jsonl, "Print every row of every table as a line of JSON");
  command->add_option("--model", options->model, "File for the trained model: NAME.safetensors or NAME.onnx")
      ->type_name("FILE");
  command->add_option("--run", options->run, "The run that trained it, where there are several")
      ->type_name("METHOD,SEED");
  command->add_flag("--best", options->best, "Of the best evaluation instead of the last (evaluation keep=\"best\")");
  command->add_option("--device", options->device, "A device's sub-model (evaluation keep=\"last devices\")")
      ->type_name("NAME");
  command->footer(
      "Examples:\n  msfusion export results/quickstart --csv tables --perfetto trace.json\n  msfusion export "
      "results/quickstart --model "
      "out.safetensors --run fedavg,1");
  line.does(command, [options] { return export_results(*options); });
}

}  // namespace

void add_result_commands(CommandLine& line) {
  add_report(line);
  add_compare(line);
  add_export(line);
}

}  // namespace msfusion
