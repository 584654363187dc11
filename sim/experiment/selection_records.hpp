// What draws knew of the devices, as rows that are recorded, and as answers where a run is replayed from them.
#pragma once

#include <utility>
#include <vector>

#include "sim/experiment/preparation.hpp"
#include "sim/learn/learner.hpp"
#include "sim/record/records.hpp"

namespace msfusion {

std::vector<SelectionRecord> selection_records(int run, int round, const std::vector<SelectionNote>& notes);

using ToldByDevice = std::vector<std::pair<NodeId, double>>;

/// What devices told with their trainings; none where the method's selection does not ask for that.
ToldByDevice told_after(const Method& method, const std::vector<TaskOutcome>& outcomes);
ToldByDevice told_after(const Method& method, const std::vector<SelectionRecord>& recorded);

void set_told(std::vector<SelectionRecord>& records, const ToldByDevice& told);

/// Answers a question from the model as it is.
std::vector<double> asked(Learner& learner, const RunInputs& inputs, const Question& question);

/// Answers it from the rows of its round. Throws RunError for a device that was not asked then.
std::vector<double> told_then(const std::vector<SelectionRecord>& recorded, const Question& question,
                              const Fleet& fleet);

/// The accuracy that each device can expect of the global model: on a test set with its shares of classes. NaN for one
/// without samples, or with a class that the test split lacks.
std::vector<double> device_accuracies(const Dataset& data, const Partition& parts,
                                      const std::vector<double>& class_accuracies);

/// How even these accuracies are; none where one is not known.
std::optional<FairnessRecord> fairness_of(int run, int round, const Dataset& data, const Partition& parts,
                                          const std::vector<double>& class_accuracies);

}  // namespace msfusion
