#include "reports/answer.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reports/intervals.hpp"
#include "reports/personal.hpp"
#include "reports/privacy.hpp"
#include "reports/retrained.hpp"
#include "reports/scale.hpp"

namespace msfusion {

namespace {

constexpr double kEqualLengths = 1.05;         // longest over shortest up to which runs count as equally long
constexpr std::size_t kMostListedMethods = 8;  // beyond, a sentence counts them and the tables list them

using Indices = std::vector<std::size_t>;  // into Results::methods

/// "4.2 ± 0.3 min"
std::string in_words(const Estimate& figure, Dimension dimension) {
  const auto scale = choose_scale(dimension, {figure.mean});
  return with_interval(figure, scale) + " " + scale.unit;
}

/// "27.3 times", "6.1 %"
std::string share_in_words(double share) {
  return share < 1 ? fmt::format("{:.2g} %", 100 * share) : three_digits(share) + " times";
}

/// Several figures, or the one that all of them are.
std::string figures_in_a_row(const std::vector<std::string>& figures) {
  const bool equal =
      std::all_of(figures.begin(), figures.end(), [&](const auto& one) { return one == figures.front(); });
  return equal ? figures.front() : in_a_row(figures);
}

std::vector<std::string> labels_of(const Results& results, const Indices& methods) {
  std::vector<std::string> labels;
  for (const auto i : methods) labels.push_back(results.methods[i].label);
  return labels;
}

bool of_one_seed(const Results& results) {
  return std::any_of(results.methods.begin(), results.methods.end(),
                     [](const MethodResults& method) { return method.runs.size() == 1; });
}

/// What a claim of an order needs beside it.
std::string seeds_note(const Results& results) {
  return results.methods.size() > 1 && of_one_seed(results) ? " One seed supports no order beyond itself." : "";
}

/// The simulated time that a run had. One that a limit of time ended had all of it: no further round would have ended
/// before.
double time_given(const RunSummary& run) {
  return run.run.ended_by == "time" && run.run.until_seconds ? *run.run.until_seconds : run.total.seconds;
}

double mean_length(const Results& results, const MethodResults& method) {
  return results.over_seeds(method, [](const RunSummary& run) -> Maybe { return time_given(run); })->mean;
}

/// A method whose runs all ended at the target had no use for more time.
bool stopped_at_target(const Results& results, const MethodResults& method) {
  return std::all_of(method.runs.begin(), method.runs.end(),
                     [&](std::size_t run) { return results.runs[run].summary.run.ended_by == "target"; });
}

std::string lengths_note(const Results& results) {
  std::vector<MethodResults> methods;
  for (const auto& method : results.methods)
    if (has_rounds(results, method)) methods.push_back(method);
  std::vector<double> lengths, limited;
  for (const auto& method : methods) {
    lengths.push_back(mean_length(results, method));
    if (!stopped_at_target(results, method)) limited.push_back(lengths.back());
  }
  if (limited.size() < 2) return "";
  const auto [least, most] = std::minmax_element(limited.begin(), limited.end());
  if (*most <= kEqualLengths * *least) return "";
  const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
  const auto length_of = [&](const MethodResults& method) {
    return method.label + " " + simulated_length(results, method);
  };
  if (methods.size() > kMostListedMethods) {
    const auto of = [&](auto at) { return length_of(methods[static_cast<std::size_t>(at - lengths.begin())]); };
    return fmt::format(" The runs differ in simulated length, from {} to {}.", of(shortest), of(longest));
  }
  std::vector<std::string> each;
  for (const auto& method : methods) each.push_back(length_of(method));
  return fmt::format(" The runs differ in simulated length: {}.", in_a_row(each));
}

/// How the methods fared with one target.
struct Race {
  double target = 0;
  std::vector<TargetFigures> figures;  ///< per method
  Indices arrived;                     ///< with every seed, by mean time
  Indices cut_short;                   ///< missed the target in less time than the fastest one needed
};

Race race_to(const Results& results, double target) {
  Race race{target, {}, {}, {}};
  for (std::size_t i = 0; i < results.methods.size(); ++i) {
    race.figures.push_back(target_figures(results, results.methods[i], target));
    if (race.figures[i].by_all()) race.arrived.push_back(i);
  }
  const auto seconds = [&](std::size_t i) { return race.figures[i].seconds->mean; };
  std::stable_sort(race.arrived.begin(), race.arrived.end(),
                   [&](std::size_t a, std::size_t b) { return seconds(a) < seconds(b); });
  if (race.arrived.empty()) return race;
  const double fastest = seconds(race.arrived.front());
  for (std::size_t i = 0; i < results.methods.size(); ++i) {
    const auto& runs = results.methods[i].runs;
    const bool short_of_time = std::any_of(runs.begin(), runs.end(), [&](std::size_t run) {
      const auto& summary = results.runs[run].summary;
      const auto missed = std::any_of(summary.targets.begin(), summary.targets.end(),
                                      [&](const TargetCost& cost) { return cost.accuracy == target && !cost.reached; });
      return missed && summary.rounds_done > 0 && time_given(summary) < fastest;
    });
    if (short_of_time) race.cut_short.push_back(i);
  }
  return race;
}

/// "a and b reached 30 % accuracy in 4.2 ± 0.3 s and 4.4 ± 0.5 s of simulated time"
std::string times_in_words(const Results& results, const Race& race, const Indices& methods) {
  std::vector<std::string> times;
  for (const auto i : methods) times.push_back(in_words(*race.figures[i].seconds, Dimension::seconds));
  return fmt::format("{} reached {} accuracy in {} of simulated time", in_a_row(labels_of(results, methods)),
                     percent_text(race.target), figures_in_a_row(times));
}

std::string winner_in_words(const Results& results, const Race& race) {
  const auto winner = race.arrived.front();
  const auto& best = race.figures[winner];
  std::string text = fmt::format("{} reached {} accuracy{} in {} of simulated time", results.methods[winner].label,
                                 percent_text(race.target), results.methods.size() > 1 ? " first," : "",
                                 in_words(*best.seconds, Dimension::seconds));
  if (best.bytes_per_device)
    text += fmt::format(" and {} of traffic per device", in_words(*best.bytes_per_device, Dimension::bytes));
  if (results.baseline && *results.baseline != winner) {
    const auto& base = race.figures[*results.baseline];
    const auto time = ratio(base.seconds, best.seconds);
    const auto traffic = ratio(best.bytes_per_device, base.bytes_per_device);
    if (base.by_all() && time) {
      text += fmt::format(": {} times as fast as {}", three_digits(*time), results.methods[*results.baseline].label);
      if (traffic) text += fmt::format(", with {} of its traffic", share_in_words(*traffic));
    }
  }
  return text + "." + seeds_note(results);
}

/// "12 of 45"
std::string counted_of(const Results& results, std::size_t count) {
  return count == results.methods.size() ? fmt::format("all {}", count)
                                         : fmt::format("{} of {}", count, results.methods.size());
}

/// "a and b", or how many of more than a sentence can name.
std::string named_or_counted(const Results& results, const Indices& methods) {
  return methods.size() > kMostListedMethods ? counted_of(results, methods.size())
                                             : in_a_row(labels_of(results, methods));
}

/// Of more methods than a sentence can name, the one with the shortest mean time.
std::string fastest_in_words(const Results& results, const Race& race) {
  const auto first = race.arrived.front();
  return fmt::format("{} reached {} accuracy in {} of simulated time, the shortest of {} that reached it",
                     results.methods[first].label, percent_text(race.target),
                     in_words(*race.figures[first].seconds, Dimension::seconds), race.arrived.size());
}

/// What the drawn fleets say of the method with the shortest mean time: its interval, and how often it is before
/// others.
std::string draws_in_words(const Results& results, const Race& race) {
  const std::size_t first = race.arrived.front();
  const std::vector<double>& own = race.figures[first].drawn.seconds;
  const auto interval = interval_of(own);
  if (!interval) return "";
  const auto scale = choose_scale(Dimension::seconds, {race.figures[first].seconds->mean});
  std::string text = fmt::format(" Of {} fleets drawn from the platform's uncertainty, 90 % take {} {}", own.size(),
                                 in_words(*interval, scale), scale.unit);
  if (race.arrived.size() > 1) text += " with " + results.methods[first].label;
  std::vector<std::string> others;
  double least = 1;
  for (const auto i : race.arrived) {
    const auto share = i == first ? std::nullopt : share_before(own, race.figures[i].drawn.seconds);
    if (!share) continue;
    least = std::min(least, *share);
    others.push_back(fmt::format("before {} in {}", results.methods[i].label, sureness(*share)));
  }
  if (others.empty()) return text + ".";
  if (least >= 1) return text + "; it is first in all of them.";
  if (others.size() > kMostListedMethods)
    return text +
           fmt::format("; it is before each of {} others in {} of them or more.", others.size(), sureness(least));
  return text + "; it is " + in_a_row(others) + " of them.";
}

std::string order_in_words(const Results& results, const Race& race) {
  if (!race.cut_short.empty()) {
    return fmt::format("{}. Which method is first is open: {} had less simulated time than that.",
                       race.arrived.size() > kMostListedMethods ? fastest_in_words(results, race)
                                                                : times_in_words(results, race, race.arrived),
                       named_or_counted(results, race.cut_short));
  }
  const auto& fastest = *race.figures[race.arrived.front()].seconds;
  Indices level;
  for (const auto i : race.arrived)
    if (overlap(*race.figures[i].seconds, fastest)) level.push_back(i);
  if (level.size() == 1) return winner_in_words(results, race);
  if (level.size() > kMostListedMethods)
    return fastest_in_words(results, race) +
           fmt::format("; {} others cannot be told apart from it at these seeds.", level.size() - 1);
  std::sort(level.begin(), level.end());
  const bool tie = of_one_seed(results) && std::all_of(level.begin(), level.end(), [&](std::size_t i) {
                     return race.figures[i].seconds->mean == fastest.mean;
                   });
  if (tie)
    return times_in_words(results, race, level) +
           (level.size() < results.methods.size() ? ", before all others." : ".") +
           (level.size() < results.methods.size() ? seeds_note(results) : "");
  return times_in_words(results, race, level) + ": their order is not distinguishable at these seeds.";
}

std::string missed_in_words(const Results& results, const Race& race) {
  std::vector<std::string> partly, missed, without_rounds;
  for (std::size_t i = 0; i < results.methods.size(); ++i) {
    const auto& method = results.methods[i];
    const auto& figures = race.figures[i];
    const bool finished = std::all_of(method.runs.begin(), method.runs.end(),
                                      [&](std::size_t run) { return results.runs[run].summary.finished(); });
    if (!has_rounds(results, method))
      without_rounds.push_back(method.label);
    else if (figures.reached == 0)
      missed.push_back(
          fmt::format("{} in {}{}", method.label, simulated_length(results, method), finished ? "" : ", unfinished"));
    else if (!figures.by_all())
      partly.push_back(fmt::format(" {} reached it in {} of {} seeds.", method.label, figures.reached, figures.seeds));
  }
  std::string text;
  if (partly.size() > kMostListedMethods)
    text = fmt::format(" {} reached it with some of their seeds only.", partly.size());
  else
    for (const auto& sentence : partly) text += sentence;
  const auto list = [&](const char* what, const std::vector<std::string>& names) {
    if (names.size() > kMostListedMethods)
      text += fmt::format(" {}: {}.", what, counted_of(results, names.size()));
    else if (!names.empty())
      text += fmt::format(" {}: {}.", what, in_a_row(names));
  };
  list("Not reached", missed);
  list("No result", without_rounds);
  return text;
}

std::string answer_without_target(const Results& results) {
  std::vector<std::pair<std::size_t, Estimate>> reached;
  for (std::size_t i = 0; i < results.methods.size(); ++i)
    if (const auto accuracy = results.over_seeds(results.methods[i], [](const RunSummary& run) -> Maybe {
          return run.best ? Maybe(run.best->evaluation.global_accuracy) : std::nullopt;
        }))
      reached.emplace_back(i, *accuracy);
  if (reached.empty()) return "No accuracy has been measured yet.";
  const auto best = std::max_element(reached.begin(), reached.end(),
                                     [](const auto& a, const auto& b) { return a.second.mean < b.second.mean; });
  std::string text = results.targets.empty() ? "" : "No target accuracy was reached by every seed of any method. ";
  Indices level;
  std::vector<std::string> accuracies;
  for (const auto& [i, accuracy] : reached)
    if (overlap(accuracy, best->second)) {
      level.push_back(i);
      accuracies.push_back(in_words(accuracy, Dimension::share));
    }
  if (level.size() > kMostListedMethods && !of_one_seed(results))
    return text + fmt::format(
                      "{} reached {} accuracy, the highest mean; {} others cannot be told apart from it at these "
                      "seeds.",
                      results.methods[best->first].label, in_words(best->second, Dimension::share), level.size() - 1);
  std::string who = named_or_counted(results, level);
  if (level.size() == results.methods.size() && level.size() > kMostListedMethods) who.front() = 'A';
  text += fmt::format("{} reached {}", who, figures_in_a_row(accuracies));
  if (results.methods.size() == 1) return text + " accuracy at best.";
  if (level.size() == 1) return text + ", the highest accuracy of all methods." + seeds_note(results);
  if (level.size() == results.methods.size() && of_one_seed(results)) return text + " accuracy at best.";
  if (of_one_seed(results)) return text + ", the highest accuracy of all methods.";
  return text + ", the highest accuracies: their order is not distinguishable at these seeds.";
}

}  // namespace

std::string in_a_row(const std::vector<std::string>& names, const char* last) {
  const bool commas_inside =
      std::any_of(names.begin(), names.end(), [](const auto& name) { return name.find(',') != std::string::npos; });
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? fmt::format(" {} ", last) : commas_inside ? "; " : ", ";
    text += names[i];
  }
  return text;
}

std::string percent_text(double share) {
  return fmt::format("{:.4g} %", 100 * share);
}

bool has_rounds(const Results& results, const MethodResults& method) {
  return std::all_of(method.runs.begin(), method.runs.end(),
                     [&](std::size_t run) { return results.runs[run].summary.rounds_done > 0; });
}

std::string simulated_length(const Results& results, const MethodResults& method) {
  std::vector<double> lengths;
  for (const auto run : method.runs) lengths.push_back(results.runs[run].summary.total.seconds);
  const auto [shortest, longest] = std::minmax_element(lengths.begin(), lengths.end());
  const auto scale = choose_scale(Dimension::seconds, {*shortest, *longest});
  const auto first = three_digits(*shortest / scale.factor), last = three_digits(*longest / scale.factor);
  return (first == last ? first : first + " to " + last) + " " + scale.unit;
}

std::string answer(const Results& results) {
  if (is_retrained(results)) return retrained_answer(results);
  for (auto target = results.targets.rbegin(); target != results.targets.rend(); ++target)
    if (const auto race = race_to(results, *target); !race.arrived.empty())
      return order_in_words(results, race) + draws_in_words(results, race) + missed_in_words(results, race) +
             lengths_note(results) + personal_in_words(results) + privacy_in_words(results);
  return answer_without_target(results) + lengths_note(results) + personal_in_words(results) +
         privacy_in_words(results);
}

}  // namespace msfusion
