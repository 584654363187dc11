// What the page's charts draw, as JSON: thinned where a screen could not show more.
#pragma once

#include <string>
#include <vector>

#include "reports/results.hpp"
#include "reports/settings.hpp"

namespace msfusion {

struct PageData {
  std::string json;                ///< harmless inside <script>: contains no '<'
  std::vector<std::string> notes;  ///< what was left out of the charts, in words
};

/// `settings`: what differs between the stores.
PageData page_data(const Results& results, const std::vector<Setting>& settings);

}  // namespace msfusion
