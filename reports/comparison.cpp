#include "reports/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "reports/answer.hpp"
#include "reports/intervals.hpp"
#include "reports/personal.hpp"
#include "reports/retrained.hpp"
#include "reports/scale.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

using Figure = std::optional<Estimate>;

std::string times(double value) {
  return three_digits(value) + "×";
}

/// A column of figures in one unit, each with its ratio to the baseline's where there is one.
struct FigureColumn {
  std::string text;
  Dimension dimension;
  std::vector<Figure> figures;                  ///< per method
  std::vector<bool> comparable;                 ///< per method; empty: no ratios
  std::vector<std::vector<double>> draws = {};  ///< per method, in each drawn fleet; empty: none
};

void append(Table& table, const Results& results, const FigureColumn& column) {
  // A platform without power or prices has nothing to say in this column.
  if (std::none_of(column.figures.begin(), column.figures.end(), [](const Figure& f) { return f.has_value(); })) return;
  std::vector<double> means;
  for (const auto& figure : column.figures)
    if (figure) means.push_back(figure->mean);
  const auto scale = choose_scale(column.dimension, means);
  table.headings.push_back({column.text, scale.unit, true});
  for (std::size_t i = 0; i < column.figures.size(); ++i) {
    TableCell cell{with_interval(column.figures[i], scale), ""};
    if (const auto interval = column.draws.empty() ? std::nullopt : interval_of(column.draws[i]))
      cell.note = in_words(*interval, scale);
    const auto base = results.baseline;
    if (!column.comparable.empty() && base && *base != i && column.comparable[i] && column.comparable[*base])
      if (const auto share = ratio(column.figures[i], column.figures[*base]))
        cell.note += (cell.note.empty() ? "" : "; ") + times(*share);
    table.rows[i].push_back(cell);
  }
}

/// Why energy is missing, by method.
std::string energy_foot(const Results& results) {
  std::map<std::string, std::string> methods;  // by the nodes that state no power
  for (const auto& method : results.methods)
    for (const auto run : method.runs) {
      const std::string& nodes = results.runs[run].summary.run.without_power;
      if (nodes.empty()) continue;
      std::string& labels = methods[nodes];
      labels += (labels.empty() ? "" : ", ") + method.label;
      break;
    }
  std::string text;
  for (const auto& [nodes, labels] : methods)
    text += fmt::format("{}The energy of {} is unknown: the platform states no power of {}.", text.empty() ? "" : " ",
                        labels, nodes);
  return text;
}

Table method_rows(const Results& results, const std::string& caption) {
  Table table;
  table.caption = caption;
  table.foot = energy_foot(results);
  table.headings.push_back({"Method", "", false});
  for (std::size_t i = 0; i < results.methods.size(); ++i) {
    const auto& method = results.methods[i];
    const auto finished = std::count_if(method.runs.begin(), method.runs.end(),
                                        [&](std::size_t run) { return results.runs[run].summary.finished(); });
    const auto total = static_cast<long>(method.runs.size());
    table.rows.push_back(
        {{method.label, finished == total ? "" : fmt::format("{} of {} runs finished", finished, total)}});
    table.colours.push_back(static_cast<int>(i));
  }
  return table;
}

std::string baseline_note(const Results& results) {
  return results.baseline ? "; × is the ratio to " + results.methods[*results.baseline].label : "";
}

std::string interval_note(const Results& results) {
  const bool several = std::any_of(results.methods.begin(), results.methods.end(),
                                   [](const MethodResults& method) { return method.runs.size() > 1; });
  return (several ? "mean ± 95 % interval over seeds" : "one seed") + draws_note(results);
}

/// What ended a method's runs, each cause with the number of its runs where they differ: "time", "target 2, time 1".
std::string endings(const Results& results, const MethodResults& method) {
  std::map<std::string, int> runs;
  for (const auto run : method.runs) ++runs[results.runs[run].summary.run.ended_by];
  if (runs.size() == 1) return runs.begin()->first;
  std::string text;
  for (const auto& [ending, count] : runs)
    if (!ending.empty()) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", ending, count);
  return text;
}

/// Only where some run ended before its rounds were done.
void append_endings(Table& table, const Results& results) {
  const bool all_by_rounds = std::all_of(results.runs.begin(), results.runs.end(), [](const OpenedRun& run) {
    return run.summary.run.ended_by.empty() || run.summary.run.ended_by == "rounds";
  });
  if (all_by_rounds) return;
  table.headings.push_back({"Ended by", "", false});
  for (std::size_t i = 0; i < results.methods.size(); ++i)
    table.rows[i].push_back({endings(results, results.methods[i]), ""});
}

std::vector<bool> all_comparable(const Results& results) {
  return std::vector<bool>(results.methods.size(), true);
}

}  // namespace

Table target_table(const Results& results, double target) {
  auto table = method_rows(results, fmt::format("Cost until {} accuracy was first reached; {}{}", percent_text(target),
                                                interval_note(results), baseline_note(results)));
  std::vector<TargetFigures> all;
  std::vector<bool> comparable;
  table.headings.push_back({"Reached", "", false});
  for (std::size_t i = 0; i < results.methods.size(); ++i) {
    const auto figures = target_figures(results, results.methods[i], target);
    TableCell cell;
    if (!has_rounds(results, results.methods[i])) {
      cell.text = "no round finished";
    } else if (figures.reached == 0) {
      cell.text = "not reached in " + simulated_length(results, results.methods[i]);
      cell.note = figures.best_accuracy ? "best " + percent_text(figures.best_accuracy->mean) : "never evaluated";
    } else {
      cell.text = fmt::format("{} of {} seed{}", figures.reached, figures.seeds, figures.seeds == 1 ? "" : "s");
    }
    table.rows[i].push_back(cell);
    comparable.push_back(figures.by_all());  // a mean over the lucky seeds alone would flatter
    all.push_back(figures);
  }
  const auto column = [&](const char* text, Dimension dimension, Figure TargetFigures::*figure, bool ratios = true,
                          std::vector<double> Drawn::*drawn = nullptr) {
    FigureColumn result{text, dimension, {}, ratios ? comparable : std::vector<bool>{}};
    for (const auto& figures : all) {
      result.figures.push_back(figures.*figure);
      if (drawn) result.draws.push_back(figures.drawn.*drawn);
    }
    append(table, results, result);
  };
  column("Rounds", Dimension::rounds, &TargetFigures::rounds, false);
  column("Simulated time", Dimension::seconds, &TargetFigures::seconds, true, &Drawn::seconds);
  column("Traffic per device", Dimension::bytes, &TargetFigures::bytes_per_device);
  column("Computing", Dimension::flops, &TargetFigures::training_flops);
  column("Energy", Dimension::joules, &TargetFigures::joules, true, &Drawn::joules);
  column("Money", Dimension::usd, &TargetFigures::usd, true, &Drawn::usd);
  column("CO2", Dimension::grams, &TargetFigures::grams_co2, true, &Drawn::grams_co2);
  return table;
}

Table whole_run_table(const Results& results) {
  auto table =
      method_rows(results, fmt::format("The whole runs; {}{}", interval_note(results), baseline_note(results)));
  const auto column = [&](const char* text, Dimension dimension, bool ratios, auto&& figure,
                          std::vector<double> Drawn::*drawn = nullptr) {
    FigureColumn result{text, dimension, {}, ratios ? all_comparable(results) : std::vector<bool>{}};
    for (const auto& method : results.methods) {
      result.figures.push_back(results.over_seeds(method, figure));
      if (!drawn) continue;
      std::vector<const Cost*> costs;
      for (const auto run : method.runs) costs.push_back(&results.runs[run].summary.total);
      result.draws.push_back(drawn_means(costs, drawn));
    }
    append(table, results, result);
  };
  column("Rounds", Dimension::rounds, false, [](const RunSummary& run) -> Maybe { return run.rounds_done; });
  append_endings(table, results);
  column("Final accuracy", Dimension::share, false, [](const RunSummary& run) -> Maybe {
    return run.curve.empty() ? std::nullopt : Maybe(run.curve.back().evaluation.global_accuracy);
  });
  column("Final loss", Dimension::plain, false, [](const RunSummary& run) -> Maybe {
    return run.curve.empty() ? std::nullopt : Maybe(run.curve.back().evaluation.global_loss);
  });
  column("Best accuracy", Dimension::share, false, [](const RunSummary& run) -> Maybe {
    return run.best ? Maybe(run.best->evaluation.global_accuracy) : std::nullopt;
  });
  column("Sub-models, final", Dimension::share, false, [](const RunSummary& run) -> Maybe {
    return run.curve.empty() ? std::nullopt : run.curve.back().evaluation.submodel_accuracy;
  });
  const auto total = [](auto member) {
    return
        [member](const RunSummary& run) -> Maybe { return run.rounds_done ? Maybe(run.total.*member) : std::nullopt; };
  };
  column("Simulated time", Dimension::seconds, true, total(&Cost::seconds), &Drawn::seconds);
  column("Traffic per device", Dimension::bytes, true, total(&Cost::bytes_per_device));
  column("Traffic, all", Dimension::bytes, true, total(&Cost::bytes));
  column("On the wire", Dimension::bytes, true, total(&Cost::wire_bytes));
  column("Computing", Dimension::flops, true, total(&Cost::training_flops));
  column("Energy", Dimension::joules, true, total(&Cost::joules), &Drawn::joules);
  if (!table.foot.empty()) column("Energy of devices", Dimension::joules, true, total(&Cost::device_joules));
  column("Money", Dimension::usd, true, total(&Cost::usd), &Drawn::usd);
  column("CO2", Dimension::grams, true, total(&Cost::grams_co2), &Drawn::grams_co2);
  return table;
}

std::string comparison_csv(const Results& results) {
  std::string text = "method,target_accuracy,seeds,reached";
  const std::vector<std::pair<const char*, Figure TargetFigures::*>> columns = {
      {"rounds", &TargetFigures::rounds},
      {"seconds", &TargetFigures::seconds},
      {"bytes", &TargetFigures::bytes},
      {"bytes_per_device", &TargetFigures::bytes_per_device},
      {"flops", &TargetFigures::training_flops},
      {"joules", &TargetFigures::joules},
      {"usd", &TargetFigures::usd},
      {"grams_co2", &TargetFigures::grams_co2},
      {"best_accuracy", &TargetFigures::best_accuracy}};
  for (const auto& [name, figure] : columns) text += fmt::format(",{0}_mean,{0}_ci95", name);
  text += ",final_accuracy_mean,final_accuracy_ci95,final_loss_mean,final_loss_ci95";  // of whole runs
  const bool drawn = has_draws(results);
  const std::vector<std::pair<const char*, std::vector<double> Drawn::*>> drawn_columns = {
      {"seconds", &Drawn::seconds}, {"joules", &Drawn::joules}, {"usd", &Drawn::usd}, {"grams_co2", &Drawn::grams_co2}};
  if (drawn)
    for (const auto& [name, figure] : drawn_columns) text += fmt::format(",{0}_low,{0}_high", name);
  const auto append_interval = [&](const std::vector<double>& draws) {
    const auto interval = interval_of(draws);
    text += interval ? fmt::format(",{},{}", exact_number(interval->low), exact_number(interval->high)) : ",,";
  };
  text += '\n';
  const auto append_figure = [&](const Figure& figure) {
    text += fmt::format(",{},{}", figure ? exact_number(figure->mean) : "",
                        figure && figure->half_width ? exact_number(*figure->half_width) : "");
  };
  for (const double target : results.targets)
    for (const auto& method : results.methods) {
      const auto figures = target_figures(results, method, target);
      text += fmt::format("{},{},{},{}", csv_field(method.label), exact_number(target), figures.seeds, figures.reached);
      for (const auto& [name, figure] : columns) append_figure(figures.*figure);
      text += ",,,,";
      if (drawn)
        for (const auto& [name, figure] : drawn_columns) append_interval(figures.drawn.*figure);
      text += '\n';
    }
  for (const auto& method : results.methods) {  // the whole runs: no target
    text += fmt::format("{},,{},", csv_field(method.label), method.runs.size());
    const auto over = [&](auto&& figure) { append_figure(results.over_seeds(method, figure)); };
    over([](const RunSummary& run) -> Maybe { return run.rounds_done; });
    const auto total = [&](auto member) {
      over([member](const RunSummary& run) -> Maybe {
        return run.rounds_done ? Maybe(run.total.*member) : std::nullopt;
      });
    };
    total(&Cost::seconds);
    total(&Cost::bytes);
    total(&Cost::bytes_per_device);
    total(&Cost::training_flops);
    total(&Cost::joules);
    total(&Cost::usd);
    total(&Cost::grams_co2);
    over([](const RunSummary& run) -> Maybe {
      return run.best ? Maybe(run.best->evaluation.global_accuracy) : std::nullopt;
    });
    const auto final = [&](double EvaluationRecord::*figure) {
      over([figure](const RunSummary& run) -> Maybe {
        return run.curve.empty() ? std::nullopt : Maybe(run.curve.back().evaluation.*figure);
      });
    };
    final(&EvaluationRecord::global_accuracy);
    final(&EvaluationRecord::global_loss);
    std::vector<const Cost*> costs;
    for (const auto run : method.runs) costs.push_back(&results.runs[run].summary.total);
    if (drawn)
      for (const auto& [name, figure] : drawn_columns) append_interval(drawn_means(costs, figure));
    text += '\n';
  }
  return text;
}

std::string comparison(const std::vector<std::string>& run_folders, TableFormat format, const std::string& baseline) {
  const auto results = open_results(run_folders, baseline);
  if (format == TableFormat::csv) return comparison_csv(results);
  const auto print = format == TableFormat::terminal   ? terminal_text
                     : format == TableFormat::markdown ? markdown_text
                                                       : latex_text;
  std::string text;
  if (format == TableFormat::terminal) text += clean_text(answer(results)) + "\n\n";
  if (is_retrained(results)) {
    for (const Table& table : retrained_tables(results)) text += print(table) + "\n";
    return text;
  }
  for (const double target : results.targets) text += print(target_table(results, target)) + "\n";
  text += print(whole_run_table(results));
  const Table personal = personal_table(results);
  return personal.rows.empty() ? text : text + "\n" + print(personal);
}

}  // namespace msfusion
