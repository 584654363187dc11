#include "reports/export.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "reports/comparison.hpp"
#include "reports/results.hpp"
#include "reports/summary.hpp"
#include "sim/base/error.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

void write_file(const std::string& file, const std::string& text) {
  const std::string unfinished = file + ".part";
  errno = 0;
  std::ofstream out(unfinished, std::ios::binary);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  std::error_code problem;
  if (out) std::filesystem::rename(unfinished, file, problem);
  if (!out || problem) {
    const std::string cause = problem ? problem.message() : std::strerror(errno);
    std::filesystem::remove(unfinished, problem);
    throw RunError(fmt::format("{}: cannot be written: {}", file, cause));
  }
}

void export_csv(const std::string& folder, const std::string& out_dir) {
  const auto results = open_results({folder});
  const auto& reader = results.stores.front().reader;
  std::error_code problem;
  std::filesystem::create_directories(out_dir, problem);
  if (problem) throw RunError(fmt::format("{}: cannot be made: {}", out_dir, problem.message()));
  const auto write = [&](const std::string& name, const std::string& text) {
    write_file((std::filesystem::path(out_dir) / name).string(), text);
  };
  for (const auto& tables : {reader.result_tables(), reader.wall_tables()})
    for (const auto& [name, text] : tables) write(name + ".csv", text);
  std::string meta = "key,value\n";
  for (const auto& [key, value] : reader.meta()) meta += csv_field(key) + "," + csv_field(value) + "\n";
  write("meta.csv", meta);
  write("comparison.csv", comparison_csv(results));
  write("summary.json", summary_json(reader));
  write("README.md",
        "# " + clean_text(results.stores.front().name) +
            "\n\nOne CSV file (RFC 4180, UTF-8, with a header line) per table of `run.sqlite`. A figure that is not "
            "known is empty.\n"
            "Columns marked `*` form the key. Times are simulated seconds except in `wall.csv`.\n\n"
            "`comparison.csv` has the costs per method and target accuracy in base units (s, B, FLOP, J, USD, g): mean "
            "over the seeds that\n"
            "reached it and half the width of the 95 % interval (Student's t; empty for one seed). Rows without a "
            "target are whole runs.\n"
            "`meta.csv` has the scenario, versions and command; `summary.json` the outcome of every run.\n\n" +
            store_tables_markdown());
}

}  // namespace msfusion
