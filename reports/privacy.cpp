#include "reports/privacy.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "reports/answer.hpp"
#include "reports/scale.hpp"
#include "sim/base/units.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostNamed = 8;

/// Over the seeds: equal but where rounds failed or a run is unfinished.
Maybe largest_epsilon(const Results& results, const MethodResults& method) {
  Maybe largest;
  for (const std::size_t r : method.runs) largest = std::max(largest, results.runs[r].summary.total.epsilon);
  return largest;
}

Maybe delta_of(const Results& results, const MethodResults& method) {
  return results.runs[method.runs.front()].summary.delta;
}

/// The mean of a figure over all rounds and seeds that have it.
Maybe mean_of(const Results& results, const MethodResults& method, Maybe PrivacyRecord::*figure) {
  double sum = 0;
  int count = 0;
  for (const std::size_t r : method.runs)
    for (const PrivacyRecord& round : results.stores[method.store].reader.privacy(results.runs[r].summary.run.run))
      if (round.*figure) {
        sum += *(round.*figure);
        ++count;
      }
  return count > 0 ? Maybe(sum / count) : std::nullopt;
}

std::string text_of(const Maybe& value, double factor = 1) {
  return value ? three_digits(factor * *value) : "–";
}

}  // namespace

Table privacy_table(const Results& results) {
  Table table;
  table.caption = "What the users are guaranteed";
  table.headings = {{"Method", "", false},
                    {"Epsilon", "", true},
                    {"Delta", "", true},
                    {"Clip, mean", "", true},
                    {"Updates shortened", "%", true},
                    {"Best accuracy", "%", true}};
  table.foot =
      "Of a user, which is a device with all its samples, against whoever sees every model, by the Rényi accountant. "
      "The rounds count as if every device joined them by a coin toss of its own (Poisson), which is the usual "
      "approximation of a cohort of fixed size. The noise comes from a generator that is good for simulations, not for "
      "keeping secrets.";
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const MethodResults& method = results.methods[m];
    if (!mean_of(results, method, &PrivacyRecord::clip) && !largest_epsilon(results, method)) continue;
    const auto accuracy = results.over_seeds(method, [](const RunSummary& run) -> Maybe {
      return run.best ? Maybe(run.best->evaluation.global_accuracy) : std::nullopt;
    });
    const Maybe delta = delta_of(results, method);
    table.rows.push_back({{method.label, ""},
                          {text_of(largest_epsilon(results, method)), ""},
                          {delta ? fmt::format("{:g}", *delta) : "–", ""},
                          {text_of(mean_of(results, method, &PrivacyRecord::clip)), ""},
                          {text_of(mean_of(results, method, &PrivacyRecord::shortened), 100), ""},
                          {with_interval(accuracy, choose_scale(Dimension::share, {1})), ""}});
    table.colours.push_back(static_cast<int>(m));
  }
  return table;
}

Table secure_table(const Results& results) {
  Table table;
  table.caption = "What secure aggregation cost, a round";
  table.headings = {{"Method", "", false},     {"Messages", "", true},      {"Of the clear updates", "", true},
                    {"On a device", "", true}, {"On the server", "", true}, {"Sums lost", "", true}};
  table.foot =
      "Keys, shares, masked updates and answers, beside the model that goes down; clear updates are 32-bit floats. A "
      "sum "
      "is lost where too few devices stay to the end, or where one device alone has its sub-model.";
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const MethodResults& method = results.methods[m];
    SecureSumRecord all;
    int rounds = 0;
    for (const std::size_t r : method.runs)
      for (const SecureSumRecord& round :
           results.stores[method.store].reader.secure_sums(results.runs[r].summary.run.run)) {
        ++rounds;
        all.sums += round.sums;
        all.lost_sums += round.lost_sums;
        all.bytes += round.bytes;
        all.clear_bytes += round.clear_bytes;
        all.device_seconds += round.device_seconds;
        all.server_seconds += round.server_seconds;
      }
    if (rounds == 0) continue;
    table.rows.push_back({{method.label, ""},
                          {human(all.bytes / rounds, Quantity::bytes), ""},
                          {all.clear_bytes > 0 ? three_digits(all.bytes / all.clear_bytes) + "×" : "–", ""},
                          {human(all.device_seconds / rounds, Quantity::seconds), ""},
                          {human(all.server_seconds / rounds, Quantity::seconds), ""},
                          {fmt::format("{} of {}", all.lost_sums, all.sums), ""}});
    table.colours.push_back(static_cast<int>(m));
  }
  return table;
}

std::string privacy_in_words(const Results& results) {
  std::vector<std::string> each;
  std::vector<double> epsilons;
  for (const MethodResults& method : results.methods)
    if (const Maybe epsilon = largest_epsilon(results, method)) {
      epsilons.push_back(*epsilon);
      each.push_back(
          fmt::format("{} {} (delta {:g})", method.label, three_digits(*epsilon), delta_of(results, method).value()));
    }
  if (epsilons.empty()) return "";
  if (each.size() > kMostNamed) {
    const auto [least, most] = std::minmax_element(epsilons.begin(), epsilons.end());
    return fmt::format(" Epsilon of a user after all rounds: {} to {}, {} methods of {} with a guarantee.",
                       three_digits(*least), three_digits(*most), each.size(), results.methods.size());
  }
  return fmt::format(" Epsilon of a user after all rounds: {}.", in_a_row(each));
}

}  // namespace msfusion
