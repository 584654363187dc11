#include "reports/encodings.hpp"

#include <fmt/format.h>

#include <map>

#include "sim/base/units.hpp"

namespace msfusion {

namespace {

struct Totals {
  double messages = 0, plain_bytes = 0, bytes = 0;
  double error = 0, rounds_with_error = 0;
};

const char* said(const std::string& direction) {
  if (direction == "up") return "from devices";
  return direction == "down" ? "to devices" : "between devices";
}

}  // namespace

Table encoding_table(const Results& results) {
  Table table;
  table.caption = "What encodings saved, mean over seeds";
  table.headings = {{"Method", "", false},           {"Direction", "", false},    {"Messages", "", true},
                    {"Compression ratio", "", true}, {"Traffic saved", "", true}, {"Mean error", "%", true}};
  table.foot =
      "Messages of parameters that arrived. The error is what decoding changed: as a share of the update from devices, "
      "and of the model to devices.";
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const MethodResults& method = results.methods[m];
    std::map<std::string, Totals> by_direction;
    for (const std::size_t r : method.runs)
      for (const EncodingRecord& record :
           results.stores[method.store].reader.encodings(results.runs[r].summary.run.run)) {
        Totals& totals = by_direction[record.direction];
        totals.messages += record.messages;
        totals.plain_bytes += record.plain_bytes;
        totals.bytes += record.bytes;
        if (!record.error) continue;
        totals.error += *record.error;
        ++totals.rounds_with_error;
      }
    const auto seeds = static_cast<double>(method.runs.size());
    for (const auto& [direction, totals] : by_direction) {
      table.rows.push_back(
          {{method.label, ""},
           {said(direction), ""},
           {fmt::format("{:.0f}", totals.messages / seeds), ""},
           {fmt::format("{:.3g}", totals.plain_bytes / totals.bytes), ""},
           {human((totals.plain_bytes - totals.bytes) / seeds, Quantity::bytes), ""},
           {totals.rounds_with_error > 0 ? fmt::format("{:.3g}", 100 * totals.error / totals.rounds_with_error) : "–",
            ""}});
      table.colours.push_back(static_cast<int>(m));
    }
  }
  return table;
}

}  // namespace msfusion
