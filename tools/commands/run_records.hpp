// What run, plan and recost leave in a results folder besides the rounds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/experiment/launcher.hpp"
#include "sim/record/store.hpp"
#include "tools/commands/results_folder.hpp"

namespace msfusion {

/// How the devices were calibrated, in words; nothing where none was.
std::optional<std::string> calibration_of(const Fleet& fleet);

MetaMap meta_of(const Preparation& preparation, const std::string& command_line);

/// One waiting run per method and seed.
std::vector<RunRecord> run_records(const Preparation& preparation);

/// summary.json and report.html of what the folder's store holds.
void write_reports(const ResultsFolder& folder);

/// The program's exit code after these runs.
int exit_code(const std::vector<RunReport>& reports, int signal_received);

std::string file_text(const std::string& file);

}  // namespace msfusion
