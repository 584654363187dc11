// How figures stand in the page's data: as JSON, with as many digits as a chart can show.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/record/records.hpp"

namespace msfusion {

using Json = nlohmann::ordered_json;

/// Beyond these, a curve shows evenly spaced points and the page says so.
constexpr std::size_t kMostCurvePoints = 600;

/// Six significant digits: more than a chart can show, at a third of the size.
double compact(double value);

Json number(const Maybe& value);

/// At most `most` of 0 .. count-1, first and last among them.
std::vector<std::size_t> evenly(std::size_t count, std::size_t most);

}  // namespace msfusion
