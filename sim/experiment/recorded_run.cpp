#include "sim/experiment/recorded_run.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.hpp"
#include "sim/experiment/participation.hpp"
#include "sim/record/encoding.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

[[noreturn]] void refuse(int round, const std::string& why) {
  throw RunError(fmt::format("round {} would not train the same: {}", shown_round(round), why));
}

}  // namespace

std::string RecordedRun::participation_file(const std::string& results_folder, int run) {
  return fmt::format("{}/participation/run-{}.txt", results_folder, run);
}

RecordedRun::RecordedRun(const std::string& results_folder, const std::string& label, std::uint64_t seed)
    : ended_by_(RunEnding::rounds) {
  const StoreReader store(results_folder + "/run.sqlite");
  const std::vector<RunRecord> runs = store.runs();
  const auto recorded = std::find_if(runs.begin(), runs.end(),
                                     [&](const RunRecord& one) { return one.label == label && one.seed == seed; });
  if (recorded == runs.end()) throw RunError("there is no such run in " + results_folder);
  if (recorded->state != "finished")
    throw RunError(fmt::format("the run is {}: msfusion run --resume goes on with it", recorded->state));
  const int run = recorded->run;
  ended_by_ = value_of(kRunEndings, recorded->ended_by).value();
  participation_ = read_participation(participation_file(results_folder, run));
  rounds_ = store.rounds(run);
  for (DeviceRoundRecord& device : store.device_rounds(run)) devices_[device.round].push_back(std::move(device));
  for (const EncodingRecord& encoding : store.encodings(run))
    coding_errors_[{encoding.round, encoding.direction}] = encoding.error;
  for (const PrivacyRecord& privacy : store.privacy(run)) privacy_[privacy.round] = privacy;
  for (const SelectionRecord& selection : store.selections(run)) selections_[selection.round].push_back(selection);
  for (const FairnessRecord& fairness : store.fairness(run)) fairness_[fairness.round] = fairness;
  for (const EvaluationRecord& evaluation : store.evaluations(run)) evaluations_[evaluation.round] = evaluation;
  for (const DeviceEvaluationRecord& score : store.device_evaluations(run))
    device_evaluations_[score.round].push_back(score);
  for (const PersonalEvaluationRecord& score : store.personal_evaluations(run))
    personal_evaluations_[score.round].push_back(score);
}

RunBudget RecordedRun::budget() const {
  return RunBudget::of_recorded(static_cast<int>(rounds_.size()), ended_by_);
}

const std::vector<SelectionRecord>& RecordedRun::selections(int round) const {
  static const std::vector<SelectionRecord> none;
  const auto found = selections_.find(round);
  return found == selections_.end() ? none : found->second;
}

void RecordedRun::compare(const RoundResult& result, std::uint32_t participation, const Fleet& fleet) const {
  const int round = result.round.round;
  const auto recorded = devices_.find(round);
  static const std::vector<DeviceRoundRecord> nobody;
  const std::vector<DeviceRoundRecord>& then = recorded == devices_.end() ? nobody : recorded->second;
  for (const DeviceRoundRecord& now : result.devices) {
    const std::string& name = fleet.node(now.device).name;
    const auto same = std::find_if(then.begin(), then.end(),
                                   [&](const DeviceRoundRecord& other) { return other.device == now.device; });
    if (same == then.end()) refuse(round, fmt::format("{} takes part, and did not", name));
    const std::string slice = text_of(now.slice), slice_then = text_of(same->slice);
    if (same->split != now.split || slice_then != slice)
      refuse(round, fmt::format("{} trains split {:.4g} ({}), and trained {:.4g} ({})", name, now.split, slice,
                                same->split, slice_then));
    if (same->samples != now.samples)
      refuse(round, fmt::format("{} trains {} samples, and trained {}", name, now.samples, same->samples));
    if (same->fate != now.fate)
      refuse(round, fmt::format("the work of {} is {}, and was {}", name, now.fate, same->fate));
  }
  for (const DeviceRoundRecord& other : then)
    if (std::none_of(result.devices.begin(), result.devices.end(),
                     [&](const DeviceRoundRecord& now) { return now.device == other.device; }))
      refuse(round, fmt::format("{} does not take part, and did", fleet.node(other.device).name));
  if (participation_.at(static_cast<std::size_t>(round)) != participation)
    refuse(round, "other messages arrive in time than did");
}

void RecordedRun::complete(RoundResult& result, std::uint32_t participation, const Fleet& fleet) const {
  compare(result, participation, fleet);
  const int run = result.round.run, round = result.round.round;
  const RoundRecord& then = rounds_.at(static_cast<std::size_t>(round));
  result.round.completed = then.completed;
  result.round.mean_loss = then.mean_loss;
  for (DeviceRoundRecord& device : result.devices)
    for (const DeviceRoundRecord& other : devices_.at(round))
      if (other.device == device.device) device.loss = other.loss;
  for (EncodingRecord& encoding : result.encodings)
    if (const auto error = coding_errors_.find({round, encoding.direction}); error != coding_errors_.end())
      encoding.error = error->second;
  if (const auto recorded = privacy_.find(round); result.privacy && recorded != privacy_.end()) {
    result.privacy->clip = recorded->second.clip;
    result.privacy->shortened = recorded->second.shortened;
  }
  const auto evaluation = evaluations_.find(round);
  if (evaluation == evaluations_.end()) return;
  result.evaluation = evaluation->second;
  result.evaluation->run = run;
  result.evaluation->seconds = result.round.end_seconds;
  if (const auto fairness = fairness_.find(round); fairness != fairness_.end()) {
    result.fairness = fairness->second;
    result.fairness->run = run;
  }
  if (const auto scores = device_evaluations_.find(round); scores != device_evaluations_.end())
    result.device_evaluations = scores->second;
  for (DeviceEvaluationRecord& score : result.device_evaluations) score.run = run;
  if (const auto scores = personal_evaluations_.find(round); scores != personal_evaluations_.end())
    result.personal_evaluations = scores->second;
  for (PersonalEvaluationRecord& score : result.personal_evaluations) score.run = run;
}

}  // namespace msfusion
