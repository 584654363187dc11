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

/// What a results folder holds.
enum class ResultKind { run, plan, recost };

MetaMap meta_of(const Preparation& preparation, const std::string& command_line, ResultKind kind);

/// "SHA-256  FILE" and a line's end. The file's name is relative to the scenario's folder, so that a folder may move as
/// a whole.
std::string checksum_line(const Scenario& scenario, const std::string& file);

/// Throws UserError unless the store says that it holds one of these, with what is possible instead.
void require_kind(const MetaMap& meta, const std::string& store_file, const std::vector<ResultKind>& kinds,
                  const std::string& instead);

/// One waiting run per method and seed.
std::vector<RunRecord> run_records(const Preparation& preparation);

/// summary.json and report.html of what the folder's store holds. Throws RunError if that is another store than the one
/// with this identity.
void write_reports(const ResultsFolder& folder, const std::string& store_id);

/// The program's exit code after these runs.
int exit_code(const std::vector<RunReport>& reports, int signal_received);

std::string file_text(const std::string& file);

}  // namespace msfusion
