// What differs between the settings of several stores.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/results.hpp"
#include "reports/table.hpp"

namespace msfusion {

/// One thing that stores may have set differently.
struct Setting {
  std::string path;                                ///< as --set takes it, or words for what no scenario says
  std::vector<std::optional<std::string>> values;  ///< by store; none: not stated, so the default
  bool is_attribute = true;                        ///< of the scenario
};

/// Those that are not the same in all stores: the attributes of the scenarios in the order of the documents, then
/// platform texts, calibrations, versions. Names, descriptions and notes are none.
std::vector<Setting> differing_settings(const Results& results);

/// A row per setting and a column per store, or the other way round where there are many stores.
Table settings_table(const Results& results, const std::vector<Setting>& settings);

}  // namespace msfusion
