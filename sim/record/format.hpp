// What a store consists of, for people: tables, columns, units, and the facts kept about the whole folder.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace msfusion {

inline constexpr int kStoreVersion = 8;               ///< PRAGMA user_version; raised when a table changes
inline constexpr int kOldestStoreVersion = 4;         ///< that is still read
inline constexpr int kStoreApplication = 0x4d534675;  ///< PRAGMA application_id: "MSFu"

struct ColumnNote {
  std::string name;
  std::string type;  ///< of SQLite
  std::string unit;  ///< empty: a count, a share or text
  std::string meaning;
  bool key = false;
  bool optional = false;  ///< NULL where the figure is not known
};

struct TableNote {
  std::string name, purpose;
  bool result = true;  ///< false: wall-clock figures
  std::vector<ColumnNote> columns;
};

/// All tables but `meta`, in the order of docs/store.md.
std::vector<TableNote> store_tables();

/// The tables as Markdown, as they stand in docs/store.md.
std::string store_tables_markdown();

/// Keys of the `meta` table that the reports understand; others are shown as they are.
namespace meta_key {
inline constexpr const char* id = "id";          ///< of this store, drawn when it was made
inline constexpr const char* kind = "kind";      ///< what the folder holds: run, plan or recost
inline constexpr const char* inputs = "inputs";  ///< of a run: SHA-256 and name of every file that it read, a line each
inline constexpr const char* scenario = "scenario";  ///< name
inline constexpr const char* description = "description";
inline constexpr const char* notes = "notes";  ///< for readers, in Markdown
inline constexpr const char* sweep = "sweep";  ///< name of the scenario whose combination this is; absent: no sweep
inline constexpr const char* sweep_values = "sweep_values";    ///< what varies: PATH=VALUE, a line each
inline constexpr const char* scenario_file = "scenario_file";  ///< as the user wrote it
inline constexpr const char* scenario_text = "scenario_text";  ///< with all --set changes applied
inline constexpr const char* platform_text = "platform_text";
inline constexpr const char* command = "command";      ///< that repeats the run
inline constexpr const char* version = "version";      ///< of the program
inline constexpr const char* libraries = "libraries";  ///< versions and instruction sets of LibTorch, SimGrid
inline constexpr const char* network_model = "network_model";
inline constexpr const char* simgrid = "simgrid";  ///< SimGrid's own settings: KEY:VALUE, separated by blanks
inline constexpr const char* simgrid_clock = "simgrid_clock";  ///< those of them that change simulated times
inline constexpr const char* calibration = "calibration";      ///< of the devices, and its error; absent: none
inline constexpr const char* network_calibration = "network_calibration";  ///< of the links; absent: none
inline constexpr const char* uncertainty = "uncertainty";                  ///< that the platform states; absent: none
inline constexpr const char* targets = "targets";                    ///< accuracies in (0, 1], separated by blanks
inline constexpr const char* personal_targets = "personal_targets";  ///< the same, of devices on their own parts
inline constexpr const char* seeds = "seeds";                        ///< separated by blanks
}  // namespace meta_key

/// The round as people count: from 1, while the store and the program count from 0. -1, before the first, is 0.
constexpr int shown_round(int round) {
  return round + 1;
}

/// Text as a field of a CSV line (RFC 4180), quoted where it must be. Text that a spreadsheet would take for a formula
/// gets an apostrophe in front. Numbers need none of this.
std::string csv_field(std::string_view text);

/// The shortest decimal text that reads back as the same number.
std::string exact_number(double value);

}  // namespace msfusion
