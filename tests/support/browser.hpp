// Reports as headless Chromium shows them. Without Chromium every function here returns nothing.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace msfusion {

/// A page after its script ran.
struct OpenedPage {
  std::string dom, errors;
};
std::optional<OpenedPage> open_page(const std::filesystem::path& file,
                                    const std::string& options = "--window-size=1280,900");

/// What a chart shows in each setting of its controls, one control at a time: "drawn", or the words in its place. The
/// settings are named as the control's values are; the first one is "as it opens".
using ChartStates = std::map<std::string, std::string>;

struct OpenedReports {
  std::map<std::string, std::map<std::string, ChartStates>> charts;  ///< by page and chart
  std::string errors;
};

/// Opens the reports FOLDER/PAGE, all in one Chromium.
std::optional<OpenedReports> open_reports(const std::filesystem::path& folder, const std::vector<std::string>& pages);

}  // namespace msfusion
