#include "reports/run_rows.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>

#include "reports/intervals.hpp"
#include "reports/table.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

struct Column {
  const char* name;
  Maybe (*value)(const Cost&);
};

constexpr std::array<Column, 8> kCosts{{
    {"seconds", [](const Cost& cost) -> Maybe { return cost.seconds; }},
    {"bytes", [](const Cost& cost) -> Maybe { return cost.bytes; }},
    {"bytes_per_device", [](const Cost& cost) { return cost.bytes_per_device; }},
    {"flops", [](const Cost& cost) -> Maybe { return cost.training_flops; }},
    {"joules", [](const Cost& cost) { return cost.joules; }},
    {"device_joules", [](const Cost& cost) { return cost.device_joules; }},
    {"usd", [](const Cost& cost) { return cost.usd; }},
    {"grams_co2", [](const Cost& cost) { return cost.grams_co2; }},
}};

std::string number_or_none(const Maybe& value) {
  return value ? exact_number(*value) : "";
}

Maybe accuracy_at(const std::optional<CurvePoint>& point) {
  return point ? Maybe(point->evaluation.global_accuracy) : std::nullopt;
}

}  // namespace

std::string run_rows_csv(const Results& results) {
  std::string text = "results,method,seed,state,target_accuracy,rounds,accuracy";
  for (const Column& column : kCosts) text += fmt::format(",{}", column.name);
  const std::vector<std::pair<const char*, std::vector<double> Drawn::*>> drawn = {
      {"seconds", &Drawn::seconds}, {"joules", &Drawn::joules}, {"usd", &Drawn::usd}, {"grams_co2", &Drawn::grams_co2}};
  const bool draws = has_draws(results);
  if (draws)
    for (const auto& [name, figure] : drawn) text += fmt::format(",{0}_low,{0}_high", name);
  text += '\n';
  for (const OpenedRun& opened : results.runs) {
    const RunSummary& run = opened.summary;
    const std::string head =
        fmt::format("{},{},{},{}", csv_field(clean_text(results.stores[opened.store].name)),
                    csv_field(clean_text(results.methods[opened.method].own_label)), run.run.seed, run.run.state);
    const auto row = [&](const std::string& target, const Maybe& rounds, const Maybe& accuracy, const Cost* cost) {
      text += fmt::format("{},{},{},{}", head, target, number_or_none(rounds), number_or_none(accuracy));
      for (const Column& column : kCosts) text += "," + (cost ? number_or_none(column.value(*cost)) : "");
      for (const auto& [name, figure] : drawn) {
        if (!draws) break;
        const auto interval = cost ? interval_of(drawn_means({cost}, figure)) : std::nullopt;
        text += "," + number_or_none(interval ? Maybe(interval->low) : std::nullopt);
        text += "," + number_or_none(interval ? Maybe(interval->high) : std::nullopt);
      }
      text += '\n';
    };
    for (const TargetCost& target : run.targets) {
      const auto& reached = target.reached;
      row(exact_number(target.accuracy), reached ? Maybe(shown_round(reached->evaluation.round)) : std::nullopt,
          accuracy_at(reached), reached ? &reached->cost : nullptr);
    }
    row("", run.rounds_done, accuracy_at(run.final_point()), run.rounds_done ? &run.total : nullptr);
  }
  return text;
}

std::string link_to_rows(const std::string& file, const std::string& words, const std::string& csv) {
  std::string encoded;
  for (const char c : csv) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) || c == ',' || c == '.' || c == '-' || c == '_'))
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", byte);
  }
  return fmt::format("<p class=\"rows\"><a download=\"{}\" href=\"data:text/csv;charset=utf-8,{}\">{}</a> (CSV)</p>\n",
                     html_escape(file), encoded, html_escape(words));
}

}  // namespace msfusion
