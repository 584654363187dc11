#include "sim/experiment/evaluation_records.hpp"

#include <algorithm>
#include <numeric>

namespace msfusion {

namespace {

double mean_of_first(const std::vector<double>& values, std::size_t count) {
  return std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count), 0.0) /
         static_cast<double>(count);
}

void add_personal(EvaluationRecord& record, const std::vector<PersonalScore>& scores) {
  if (scores.empty()) return;
  std::vector<double> accuracies, of_global;
  double right = 0, samples = 0;
  for (const PersonalScore& score : scores) {
    accuracies.push_back(score.accuracy);
    of_global.push_back(score.global_accuracy);
    right += score.accuracy * static_cast<double>(score.samples);
    samples += static_cast<double>(score.samples);
  }
  record.personal_accuracy = mean_of_first(accuracies, accuracies.size());
  record.personal_weighted_accuracy = right / samples;
  record.personal_global_accuracy = mean_of_first(of_global, of_global.size());
  std::sort(accuracies.begin(), accuracies.end());
  record.personal_worst_tenth = mean_of_first(accuracies, (accuracies.size() + 9) / 10);
}

}  // namespace

void add_evaluation(RoundResult& result, const Evaluation& evaluation) {
  const int run = result.round.run;
  EvaluationRecord& record = result.evaluation.emplace();
  record.run = run;
  record.round = evaluation.round;
  record.seconds = result.round.end_seconds;
  record.global_accuracy = evaluation.global_accuracy;
  record.global_loss = evaluation.global_loss;
  record.submodel_accuracy = evaluation.submodel_accuracy;
  record.submodel_loss = evaluation.submodel_loss;
  record.disagreement = evaluation.disagreement;
  add_personal(record, evaluation.personal);
  for (const DeviceScore& score : evaluation.devices)
    result.device_evaluations.push_back({run, evaluation.round, score.device, score.accuracy, score.loss});
  for (const PersonalScore& score : evaluation.personal)
    result.personal_evaluations.push_back(
        {run, evaluation.round, score.device, score.samples, score.accuracy, score.loss, score.global_accuracy});
}

}  // namespace msfusion
