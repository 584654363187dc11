// `msfusion export`: a results folder in the forms that other tools read.
#include <filesystem>

#include "reports/export.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/results_folder.hpp"

namespace msfusion {

int export_results(const ExportCommand& command) {
  for (const std::string& one : with_combinations({command.folder})) {
    const std::filesystem::path path(one);
    export_csv(one, one == command.folder ? command.csv : command.csv + "/" + path.filename().string());
  }
  return 0;
}

}  // namespace msfusion
