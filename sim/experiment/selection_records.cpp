#include "sim/experiment/selection_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/error.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

bool tells_after(const Method& method) {
  const Told told = told_of(method.selection);
  return method.exchange.cohort && (told == Told::training_loss || told == Told::sample_losses);
}

double mean(std::vector<double>::const_iterator begin, std::vector<double>::const_iterator end) {
  return std::accumulate(begin, end, 0.0) / static_cast<double>(end - begin);
}

}  // namespace

std::vector<SelectionRecord> selection_records(int run, int round, const std::vector<SelectionNote>& notes) {
  std::vector<SelectionRecord> records;
  for (const SelectionNote& note : notes)
    records.push_back({run, round, note.device, note.chosen, note.told, note.score, note.seconds});
  return records;
}

ToldByDevice told_after(const Method& method, const std::vector<TaskOutcome>& outcomes) {
  ToldByDevice told;
  if (!tells_after(method)) return told;
  const bool of_samples = told_of(method.selection) == Told::sample_losses;
  for (const TaskOutcome& outcome : outcomes)
    told.emplace_back(outcome.device, of_samples ? outcome.sample_loss : outcome.mean_loss);
  return told;
}

ToldByDevice told_after(const Method& method, const std::vector<SelectionRecord>& recorded) {
  ToldByDevice told;
  if (!tells_after(method)) return told;
  for (const SelectionRecord& record : recorded)
    if (record.told) told.emplace_back(record.device, *record.told);
  return told;
}

void set_told(std::vector<SelectionRecord>& records, const ToldByDevice& told) {
  for (const auto& [device, value] : told)
    for (SelectionRecord& record : records)
      if (record.device == device && std::isfinite(value)) record.told = value;
}

std::vector<double> asked(Learner& learner, const RunInputs& inputs, const Question& question) {
  if (question.what == Told::accuracy) {
    const std::vector<double> all =
        device_accuracies(inputs.preparation.data, inputs.parts, learner.class_accuracies());
    std::vector<double> told;
    for (const NodeId device : question.devices) told.push_back(all.at(static_cast<std::size_t>(device)));
    return told;
  }
  std::vector<std::pair<NodeId, WidthSlice>> devices;
  for (std::size_t i = 0; i < question.devices.size(); ++i)
    devices.emplace_back(question.devices[i], question.slices[i]);
  const bool of_one_batch = inputs.run.method->selection.candidate_loss == SelectionOptions::CandidateLoss::batch;
  return learner.losses_before(devices, question.round, of_one_batch);
}

std::vector<double> told_then(const std::vector<SelectionRecord>& recorded, const Question& question,
                              const Fleet& fleet) {
  std::vector<double> told;
  for (const NodeId device : question.devices) {
    const auto found = std::find_if(recorded.begin(), recorded.end(),
                                    [&](const SelectionRecord& record) { return record.device == device; });
    if (found == recorded.end())
      throw RunError(fmt::format("round {} would not train the same: {} is asked for its loss, and was not",
                                 shown_round(question.round), fleet.node(device).name));
    // Without samples there was no loss to tell.
    told.push_back(found->told.value_or(std::numeric_limits<double>::quiet_NaN()));
  }
  return told;
}

std::vector<double> device_accuracies(const Dataset& data, const Partition& parts,
                                      const std::vector<double>& class_accuracies) {
  if (class_accuracies.empty()) throw RunError("accuracies by class are known only of labelled data");
  std::vector<double> accuracies;
  for (const std::vector<std::int32_t>& samples : parts.samples) {
    double sum = 0;
    std::vector<double> held(class_accuracies.size(), 0);
    for (const std::int32_t sample : samples)
      ++held[static_cast<std::size_t>(data.train_images.labels[static_cast<std::size_t>(sample)])];
    for (std::size_t c = 0; c < held.size(); ++c)
      if (held[c] > 0) sum += held[c] * class_accuracies[c];
    accuracies.push_back(samples.empty() ? std::numeric_limits<double>::quiet_NaN()
                                         : sum / static_cast<double>(samples.size()));
  }
  return accuracies;
}

std::optional<FairnessRecord> fairness_of(int run, int round, const Dataset& data, const Partition& parts,
                                          const std::vector<double>& class_accuracies) {
  if (class_accuracies.empty()) return std::nullopt;
  const std::vector<double> all = device_accuracies(data, parts, class_accuracies);
  std::vector<double> accuracies;
  for (std::size_t device = 0; device < all.size(); ++device) {
    if (parts.samples[device].empty()) continue;
    if (std::isnan(all[device])) return std::nullopt;
    accuracies.push_back(all[device]);
  }
  if (accuracies.empty()) return std::nullopt;
  std::sort(accuracies.begin(), accuracies.end());
  const auto tenth = static_cast<std::ptrdiff_t>((accuracies.size() + 9) / 10);
  const double all_mean = mean(accuracies.begin(), accuracies.end());
  double squares = 0;
  for (const double accuracy : accuracies) squares += (accuracy - all_mean) * (accuracy - all_mean);
  return FairnessRecord{run,
                        round,
                        static_cast<int>(accuracies.size()),
                        all_mean,
                        mean(accuracies.begin(), accuracies.begin() + tenth),
                        mean(accuracies.end() - tenth, accuracies.end()),
                        std::sqrt(squares / static_cast<double>(accuracies.size()))};
}

}  // namespace msfusion
