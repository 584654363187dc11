#include "reports/personal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/answer.hpp"
#include "reports/scale.hpp"
#include "reports/statistics.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

using Figure = std::optional<Estimate>;

void append(Table& table, const char* heading, Dimension dimension, const std::vector<Figure>& figures,
            const std::string& unknown) {
  std::vector<double> means;
  for (const Figure& figure : figures)
    if (figure) means.push_back(figure->mean);
  const Scale scale = choose_scale(dimension, means);
  table.headings.push_back({heading, scale.unit, true});
  for (std::size_t i = 0; i < figures.size(); ++i)
    table.rows[i].push_back({figures[i] ? with_interval(figures[i], scale) : unknown, ""});
}

std::vector<double> targets_of_all(const Results& results) {
  std::set<double> targets;
  for (const OpenedStore& store : results.stores)
    for (const double target : targets_of(store.meta, store.reader.file(), meta_key::personal_targets))
      targets.insert(target);
  return {targets.begin(), targets.end()};
}

const CurvePoint* first_at(const RunSummary& run, double target) {
  const auto found = std::find_if(run.curve.begin(), run.curve.end(), [&](const CurvePoint& point) {
    return point.evaluation.personal_accuracy && *point.evaluation.personal_accuracy >= target;
  });
  return found == run.curve.end() ? nullptr : &*found;
}

Figure after_last(const Results& results, const MethodResults& method, Maybe EvaluationRecord::*figure) {
  return results.over_seeds(method, [&](const RunSummary& run) -> Maybe {
    return run.curve.empty() ? std::nullopt : run.curve.back().evaluation.*figure;
  });
}

}  // namespace

Table personal_table(const Results& results) {
  Table table;
  const auto last = [&](const MethodResults& method, Maybe EvaluationRecord::*figure) {
    return after_last(results, method, figure);
  };
  std::vector<const MethodResults*> methods;
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    if (!last(results.methods[m], &EvaluationRecord::personal_accuracy)) continue;
    methods.push_back(&results.methods[m]);
    table.rows.push_back({{results.methods[m].label, ""}});
    table.colours.push_back(static_cast<int>(m));
  }
  if (methods.empty()) return table;
  table.caption = "Each device's model on its own part of the test set, after the last evaluation; mean over seeds";
  table.foot =
      "Of the devices that have trained. A part has the mixture of classes that the device trains on. Worst tenth: the "
      "tenth of the devices with the lowest accuracies. Global model: the one model of the method on the same parts.";
  table.headings = {{"Method", "", false}};
  const auto accuracy = [&](const char* heading, Maybe EvaluationRecord::*figure) {
    std::vector<Figure> figures;
    for (const MethodResults* method : methods) figures.push_back(last(*method, figure));
    append(table, heading, Dimension::share, figures, "–");
  };
  accuracy("Mean of devices", &EvaluationRecord::personal_accuracy);
  accuracy("Worst tenth", &EvaluationRecord::personal_worst_tenth);
  accuracy("Mean by samples", &EvaluationRecord::personal_weighted_accuracy);
  accuracy("Global model", &EvaluationRecord::personal_global_accuracy);
  for (const double target : targets_of_all(results)) {
    const auto until = [&](const std::string& heading, Dimension dimension, auto&& spent) {
      std::vector<Figure> figures;
      for (const MethodResults* method : methods) {
        const Figure figure = results.over_seeds(*method, [&](const RunSummary& run) -> Maybe {
          const CurvePoint* at = first_at(run, target);
          return at ? Maybe(spent(*at)) : std::nullopt;
        });
        // A mean over the seeds that reached it would flatter.
        figures.push_back(figure && figure->count == static_cast<int>(method->runs.size()) ? figure : Figure());
      }
      append(table, heading.c_str(), dimension, figures, "not reached");
    };
    const std::string to = fmt::format("to {:.4g} %", 100 * target);
    until("Rounds " + to, Dimension::rounds, [](const CurvePoint& at) { return shown_round(at.evaluation.round); });
    until("Simulated time " + to, Dimension::seconds, [](const CurvePoint& at) { return at.cost.seconds; });
    until("Traffic " + to, Dimension::bytes, [](const CurvePoint& at) { return at.cost.bytes; });
  }
  return table;
}

std::string personal_in_words(const Results& results) {
  std::vector<std::pair<std::string, Estimate>> reached;
  bool keeps_own = false;
  for (const MethodResults& method : results.methods) {
    const Figure own = after_last(results, method, &EvaluationRecord::personal_accuracy);
    if (!own) continue;
    reached.emplace_back(method.label, *own);
    const Figure global = after_last(results, method, &EvaluationRecord::personal_global_accuracy);
    keeps_own = keeps_own || !global || global->mean != own->mean;
  }
  if (!keeps_own || reached.size() < 2) return "";
  const Estimate best = std::max_element(reached.begin(), reached.end(), [](const auto& a, const auto& b) {
                          return a.second.mean < b.second.mean;
                        })->second;
  const Scale scale = choose_scale(Dimension::share, {best.mean});
  std::vector<std::string> labels, figures;
  for (const auto& [label, own] : reached) {
    if (!overlap(own, best)) continue;
    labels.push_back(label);
    figures.push_back(with_interval(own, scale) + " " + scale.unit);
  }
  const bool is_one = labels.size() == 1;
  return fmt::format(" On each device's own data {} reach{} {}, the highest mean{} over devices.", in_a_row(labels),
                     is_one ? "es" : "", in_a_row(figures), is_one ? "" : "s");
}

}  // namespace msfusion
