#include "reports/retrained.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/answer.hpp"
#include "reports/intervals.hpp"
#include "reports/scale.hpp"
#include "reports/sweeps.hpp"

namespace msfusion {

namespace {

constexpr const char* kPath = "platform.fleet";

/// One method on each fleet; the store on the platform's own figures comes first.
struct Retrained {
  std::string label;
  std::vector<const MethodResults*> fleets;
};

std::string fleet_of(const OpenedStore& store) {
  const auto values = varied_values(store);
  return values.size() == 1 && values.front().first == kPath ? values.front().second : "";
}

std::vector<Retrained> methods_of(const Results& results) {
  std::vector<Retrained> methods;
  for (const MethodResults& method : results.methods) {
    auto known = std::find_if(methods.begin(), methods.end(),
                              [&](const Retrained& one) { return one.label == method.own_label; });
    if (known == methods.end()) known = methods.insert(methods.end(), Retrained{method.own_label, {}});
    known->fleets.push_back(&method);
  }
  return methods;
}

std::size_t drawn_fleets(const Results& results) {
  return results.stores.size() - 1;
}

std::string note_on(const Results& results) {
  return fmt::format(
      "trained on the platform's own figures, and from .. to: 90 % of {} drawn fleets on which it was "
      "trained anew",
      drawn_fleets(results));
}

/// "12.1 (10.4 to 15.0)": the figure on the platform's own figures, and the interval where every fleet has one.
TableCell spread_cell(const std::vector<std::optional<Estimate>>& figures, const Scale& scale) {
  TableCell cell{with_interval(figures.front(), scale), ""};
  std::vector<double> drawn;
  for (std::size_t fleet = 1; fleet < figures.size(); ++fleet)
    if (figures[fleet]) drawn.push_back(figures[fleet]->mean);
  if (drawn.size() + 1 < figures.size()) return cell;
  if (const auto interval = interval_of(drawn)) cell.note = in_words(*interval, scale);
  return cell;
}

void append(Table& table, const char* heading, Dimension dimension,
            const std::vector<std::vector<std::optional<Estimate>>>& by_method) {
  std::vector<double> means;
  for (const auto& figures : by_method)
    for (const auto& figure : figures)
      if (figure) means.push_back(figure->mean);
  if (means.empty()) return;
  const Scale scale = choose_scale(dimension, means);
  table.headings.push_back({heading, scale.unit, true});
  for (std::size_t i = 0; i < by_method.size(); ++i) table.rows[i].push_back(spread_cell(by_method[i], scale));
}

/// What a target took: by method, and there by fleet.
using Races = std::vector<std::vector<TargetFigures>>;

Races races_to(const Results& results, const std::vector<Retrained>& methods, double target) {
  Races races;
  for (const Retrained& method : methods) {
    races.emplace_back();
    for (const MethodResults* fleet : method.fleets) races.back().push_back(target_figures(results, *fleet, target));
  }
  return races;
}

/// On how many of the drawn fleets each method reached the target before all others, with every seed; equal times
/// share a fleet.
std::vector<double> firsts(const Races& races) {
  std::vector<double> counts(races.size(), 0);
  for (std::size_t fleet = 1; fleet < races.front().size(); ++fleet) {
    std::optional<double> least;
    std::vector<std::size_t> best;
    for (std::size_t method = 0; method < races.size(); ++method) {
      const TargetFigures& figures = races[method][fleet];
      if (!figures.by_all()) continue;
      if (least && figures.seconds->mean > *least) continue;
      if (!least || figures.seconds->mean < *least) best.clear();
      least = figures.seconds->mean;
      best.push_back(method);
    }
    for (const std::size_t method : best) counts[method] += 1.0 / static_cast<double>(best.size());
  }
  return counts;
}

std::string count_in_words(double count) {
  return fmt::format("{:.3g}", count);
}

long reached_on(const std::vector<TargetFigures>& fleets) {
  return std::count_if(fleets.begin() + 1, fleets.end(), [](const TargetFigures& one) { return one.by_all(); });
}

bool is_reached(const Races& races) {
  return std::any_of(races.begin(), races.end(), [](const std::vector<TargetFigures>& fleets) {
    return fleets.front().by_all() || reached_on(fleets) > 0;
  });
}

Table rows_of(const std::vector<Retrained>& methods, const std::string& caption) {
  Table table;
  table.caption = caption;
  table.headings.push_back({"Method", "", false});
  for (const Retrained& method : methods) table.rows.push_back({{method.label, ""}});
  return table;
}

Table race_table(const Results& results, const std::vector<Retrained>& methods, const Races& races, double target) {
  Table table =
      rows_of(methods, fmt::format("Until {} accuracy was first reached; {}", percent_text(target), note_on(results)));
  table.headings.push_back({"Reached", "", false});
  table.headings.push_back({"First", "", false});
  const std::vector<double> first = firsts(races);
  for (std::size_t i = 0; i < methods.size(); ++i) {
    table.rows[i].push_back({fmt::format("on {} of {} fleets", reached_on(races[i]), drawn_fleets(results)),
                             races[i].front().by_all() ? "" : "not with the platform's own figures"});
    table.rows[i].push_back({"on " + count_in_words(first[i]), ""});
  }
  const auto column = [&](const char* heading, Dimension dimension, std::optional<Estimate> TargetFigures::*figure) {
    std::vector<std::vector<std::optional<Estimate>>> by_method;
    for (const auto& fleets : races) {
      by_method.emplace_back();
      for (const TargetFigures& one : fleets) by_method.back().push_back(one.by_all() ? one.*figure : std::nullopt);
    }
    append(table, heading, dimension, by_method);
  };
  column("Rounds", Dimension::rounds, &TargetFigures::rounds);
  column("Simulated time", Dimension::seconds, &TargetFigures::seconds);
  column("Traffic per device", Dimension::bytes, &TargetFigures::bytes_per_device);
  column("Energy", Dimension::joules, &TargetFigures::joules);
  column("Money", Dimension::usd, &TargetFigures::usd);
  return table;
}

Table run_table(const Results& results, const std::vector<Retrained>& methods) {
  Table table = rows_of(methods, "The whole runs; " + note_on(results));
  const auto column = [&](const char* heading, Dimension dimension, auto figure) {
    std::vector<std::vector<std::optional<Estimate>>> by_method;
    for (const Retrained& method : methods) {
      by_method.emplace_back();
      for (const MethodResults* fleet : method.fleets) by_method.back().push_back(results.over_seeds(*fleet, figure));
    }
    append(table, heading, dimension, by_method);
  };
  column("Final accuracy", Dimension::share, [](const RunSummary& run) -> Maybe {
    return run.curve.empty() ? std::nullopt : Maybe(run.curve.back().evaluation.global_accuracy);
  });
  column("Best accuracy", Dimension::share, [](const RunSummary& run) -> Maybe {
    return run.best ? Maybe(run.best->evaluation.global_accuracy) : std::nullopt;
  });
  column("Rounds", Dimension::rounds, [](const RunSummary& run) -> Maybe { return run.rounds_done; });
  const auto total = [](auto member) {
    return
        [member](const RunSummary& run) -> Maybe { return run.rounds_done ? Maybe(run.total.*member) : std::nullopt; };
  };
  column("Simulated time", Dimension::seconds, total(&Cost::seconds));
  column("Traffic, all", Dimension::bytes, total(&Cost::bytes));
  column("Energy", Dimension::joules, total(&Cost::joules));
  return table;
}

std::string firsts_in_words(const Results& results, const std::vector<Retrained>& methods, const Races& races,
                            double target) {
  const std::vector<double> counts = firsts(races);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < methods.size(); ++i)
    if (counts[i] > 0) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  double decided = 0;
  std::vector<std::string> parts;
  for (const std::size_t i : order) {
    decided += counts[i];
    parts.push_back(fmt::format("{} on {}", methods[i].label, count_in_words(counts[i])));
  }
  const double open = static_cast<double>(drawn_fleets(results)) - decided;
  std::string text =
      fmt::format(" Trained anew on {} fleets drawn from the platform's uncertainty, ", drawn_fleets(results));
  if (parts.empty()) return text + fmt::format("no method reached {} accuracy on any.", percent_text(target));
  text += fmt::format("the first to reach {} accuracy was {}", percent_text(target), in_a_row(parts));
  return text + (open > 0.5 ? fmt::format("; on {} nobody reached it.", count_in_words(open)) : ".");
}

}  // namespace

bool is_retrained(const Results& results) {
  if (results.stores.size() < 3 || sweep_of(results.stores).empty()) return false;
  std::set<std::string> fleets;
  for (const OpenedStore& store : results.stores) fleets.insert(fleet_of(store));
  if (fleets.count("") > 0 || fleets.size() != results.stores.size() || fleet_of(results.stores.front()) != "0")
    return false;
  const std::vector<Retrained> methods = methods_of(results);
  return std::all_of(methods.begin(), methods.end(),
                     [&](const Retrained& method) { return method.fleets.size() == results.stores.size(); });
}

std::string retrained_answer(const Results& results) {
  const std::vector<Retrained> methods = methods_of(results);
  std::string text = answer(open_results({results.stores.front().folder}));
  for (auto target = results.targets.rbegin(); target != results.targets.rend(); ++target) {
    const Races races = races_to(results, methods, *target);
    if (is_reached(races)) return text + firsts_in_words(results, methods, races, *target);
  }
  return text;
}

std::vector<Table> retrained_tables(const Results& results) {
  const std::vector<Retrained> methods = methods_of(results);
  std::vector<Table> tables;
  for (const double target : results.targets) {
    const Races races = races_to(results, methods, target);
    if (is_reached(races)) tables.push_back(race_table(results, methods, races, target));
  }
  tables.push_back(run_table(results, methods));
  return tables;
}

}  // namespace msfusion
