#include "sim/experiment/run_loop.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <set>
#include <sstream>

#include "sim/base/error.hpp"
#include "sim/experiment/clocked_rounds.hpp"
#include "sim/experiment/drawn_run.hpp"
#include "sim/experiment/encoding_records.hpp"
#include "sim/experiment/evaluation_records.hpp"
#include "sim/experiment/model_files.hpp"
#include "sim/experiment/observation.hpp"
#include "sim/experiment/participation.hpp"
#include "sim/experiment/privacy_records.hpp"
#include "sim/experiment/run_header.hpp"
#include "sim/experiment/selection_records.hpp"
#include "sim/experiment/stopwatch.hpp"
#include "sim/method/selection_attributes.hpp"
#include "sim/record/format.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

namespace {

TimingOptions options_of(const RunInputs& inputs) {
  const Preparation& preparation = inputs.preparation;
  TimingOptions options = timing_options(preparation.scenario, inputs.run.seed);
  options.traces = preparation.traces;
  options.sends_at_once = transfers_at_once(preparation.scenario, *inputs.run.method, preparation.fleet.size());
  return options;
}

// Without training only the first draw of a selection that learns is known.
RunBudget budget_of(const RunInputs& inputs, bool learns) {
  const auto& targets = inputs.preparation.scenario.targets;
  return {learns || !draws_by_learning(*inputs.run.method) ? inputs.training.rounds : 1, inputs.training.until,
          targets.empty() ? std::nullopt : std::optional(targets.back())};
}

class RunLoop {
 public:
  RunLoop(const RunInputs& inputs, const LearnerFactory& make_learner, StoreWriter& store, const RunOptions& options)
      : inputs_(inputs),
        scenario_(inputs.preparation.scenario),
        store_(store),
        options_(options),
        timing_(options_of(inputs)),
        drawn_(timing_, inputs, options),
        planner_(inputs.planner_setup(timing_.fleet())),
        rounds_(timing_, planner_),
        keeper_(options.model_folder, inputs, options.resume ? options.resume->best_accuracy() : std::nullopt),
        budget_(options.recorded ? options.recorded->budget() : budget_of(inputs, make_learner != nullptr)),
        privacy_(inputs.run.method->privacy, planner_.privacy()) {
    if (make_learner)
      learner_ = make_learner(LearnerSetup{inputs.shape, inputs.preparation.data, inputs.parts, inputs.training,
                                           scenario_.evaluation, scenario_.data, *inputs.run.method, inputs.run.seed,
                                           options.workers, options.cores, nullptr, inputs.preparation.initial.get()});
    if (learner_) store_.set_meta("computed_with", learner_->description());
    planner_.set_teller([this](const Question& question) { return told(question); });
    if (options.resume) return;
    write_run_header(inputs, timing_, planner_, options, learner_ != nullptr, store);
    drawn_.describe(store);
  }

  RunEnd run() {
    const int first = options_.resume ? replay(*options_.resume) : 0;
    clock_.charge(Activity::preparing);
    try {
      look_ahead(first);
      if (options_.resume) settle_last_evaluation(*options_.resume);
      for (int round = first; !budget_.ended_by(); ++round) {
        if (options_.stop && options_.stop->load()) {
          if (round > first) write_checkpoint(round - 1);
          if (!budget_.ended_by()) return RunEnd::interrupted;
          break;
        }
        carry_out_round(round);
        look_ahead(round + 1);
        if (learner_ && pending_ && !evaluating_ && budget_.ended_by()) begin_evaluation(round);  // the last one
        if (options_.checkpoint_every > 0 && (round + 1) % options_.checkpoint_every == 0 && !budget_.ended_by())
          write_checkpoint(round);
      }
      finish_pending();
      drawn_.write(store_);
      store_.set_ended_by(inputs_.run.run, name_of(kRunEndings, budget_.ended_by().value()));
      if (rounds_done() > first) keep_for_a_longer_run();
      if (!options_.participation_file.empty()) write_participation(options_.participation_file, participation_);
    } catch (...) {
      // The rounds that ended before the trouble are kept, also the one whose evaluation was still going on.
      try {
        finish_pending();
      } catch (...) {
      }
      throw;
    }
    return RunEnd::finished;
  }

  CpuProfile profile() const {
    CpuProfile all = profile_;
    if (learner_) all += learner_->profile();
    return all;
  }

 private:
  // What devices are asked before a draw: of the model as it is, or of what is recorded where the round was trained
  // before.
  std::vector<double> told(const Question& question) {
    if (replayed_) return told_then(replayed_->selections.at(question.round), question, timing_.fleet());
    if (learner_) return asked(*learner_, inputs_, question);
    return told_then(options_.recorded->selections(question.round), question, timing_.fleet());
  }

  // Plans and times the finished rounds again, which brings fleet, clock and plans to where they were, then takes the
  // learner from the checkpoint. Returns the round to go on with.
  int replay(const ResumePoint& point) {
    replayed_ = &point;
    for (int round = 0; round <= point.checkpoint.round; ++round) {
      RoundPlan plan = rounds_.next(round);
      const TimedRound timed = rounds_.execute(plan);
      budget_.charge(round, spent_in(timed, planner_.participants(plan)));
      const std::vector<Delivery> arrivals = arrived(plan, timed);
      drawn_.add(plan, planner_.participants(plan), arrivals.size());
      note_participation(plan, timed, arrivals);
      privacy_.count(!arrivals.empty());
      if (const auto known = point.selections.find(round); known != point.selections.end())
        planner_.note_told(told_after(*inputs_.run.method, known->second));
      planner_.observe(plan, timed, point.mean_losses.at(static_cast<std::size_t>(round)));
      if (is_evaluated(round)) note_accuracy(point, round);
    }
    replayed_ = nullptr;
    if (learner_) {
      std::istringstream state(point.checkpoint.state);
      learner_->restore(state);
    }
    return point.checkpoint.round + 1;
  }

  // The last round is evaluated whatever the interval says. Once it is not the last any more, that evaluation goes.
  void settle_last_evaluation(const ResumePoint& point) {
    const int last = point.checkpoint.round;
    if (budget_.ended_by())
      note_accuracy(point, last);
    else if (!is_evaluated(last))
      store_.forget_evaluations(inputs_.run.run, last);
  }

  bool is_evaluated(int round) const { return (round + 1) % scenario_.evaluation.every == 0; }

  void note_accuracy(const ResumePoint& point, int round) {
    const auto found = point.accuracies.find(round);
    if (found == point.accuracies.end()) return;
    budget_.note_accuracy(found->second);
    drawn_.note_evaluation(round);
  }

  void write_checkpoint(int round) {
    finish_pending();
    if (!budget_.ended_by()) save(round);
  }

  // The results are complete without it: where it cannot be written, a longer run starts from an earlier one.
  void keep_for_a_longer_run() {
    try {
      save(rounds_done() - 1);
    } catch (const RunError& error) {
      std::fputs(fmt::format("msfusion: warning: {}\n", error.what()).c_str(), stderr);
    }
  }

  void save(int round) {
    if (!learner_ || !options_.checkpoints) return;
    options_.checkpoints->write(round, [&](std::ostream& out) { learner_->save(out); });
    clock_.charge(Activity::checkpointing);
  }

  int rounds_done() const { return static_cast<int>(participation_.size()); }

  // Plans and times the round, unless the run ends before it: so the last round is known as such when it is over, in
  // time for its evaluation, and before a checkpoint that would have to remember it.
  void look_ahead(int round) {
    if (budget_.ended_by() || !budget_.begin(round)) return;
    Stopwatch part;
    ahead_ = Ahead{rounds_.next(round), {}, {}, {inputs_.run.run, round, 0, 0, 0, 0, 0, 0, 0}};
    ahead_.selections = selection_records(inputs_.run.run, round, planner_.selection_notes());
    ahead_.wall.plan_seconds = part.lap();
    clock_.charge(Activity::planning);
    ahead_.timed = rounds_.execute(ahead_.plan);
    ahead_.wall.timing_seconds = part.lap();
    clock_.charge(Activity::timing);
    budget_.charge(round, spent_in(ahead_.timed, planner_.participants(ahead_.plan)));
  }

  void carry_out_round(int round) {
    Stopwatch whole, part;
    const RoundPlan plan = std::move(ahead_.plan);
    const TimedRound timed = std::move(ahead_.timed);
    WallRecord wall = ahead_.wall;
    std::vector<SelectionRecord> selections = std::move(ahead_.selections);
    const double share_spent = budget_.share_spent();

    const std::vector<Delivery> arrivals = arrived(plan, timed);
    std::vector<EncodingRecord> encodings =
        encoding_records(inputs_.run.method->encoding, inputs_.run.run, timing_.fleet(), plan, timed, plan_of_flight());
    clock_.charge(Activity::recording);
    std::vector<TaskOutcome> outcomes;
    if (learner_) {
      learner_->start(plan, trained_tasks(plan, timed));
      clock_.charge(Activity::training);
      finish_pending();  // the last round's evaluation goes on beside this round's training
      // It reached the target: this round is too much.
      if (budget_.ended_by()) return learner_->keep_in_flight(planner_.flights().tasks());
      wall.evaluation_seconds = part.lap();
      learner_->lose(lost_uploads(plan, timed, plan_of_flight()));
      outcomes = learner_->merge(plan, arrivals);
      set_errors(encodings, learner_->coding_errors());
      clock_.skip();
      wall.merge_seconds = learner_->merge_seconds();
      wall.training_seconds = part.lap() - wall.merge_seconds;
    } else {
      finish_pending();
    }
    note_participation(plan, timed, arrivals);
    drawn_.add(plan, planner_.participants(plan), arrivals.size());
    if (round == 0)
      store_.set_without_power(inputs_.run.run, without_power(timing_.fleet(), planner_.participants(plan)));
    std::optional<double> mean_loss;
    for (const TaskOutcome& outcome : outcomes)
      mean_loss = mean_loss.value_or(0) + outcome.mean_loss / static_cast<double>(outcomes.size());
    if (options_.recorded) mean_loss = options_.recorded->mean_loss(round);
    const ToldByDevice told = options_.recorded ? told_after(*inputs_.run.method, options_.recorded->selections(round))
                                                : told_after(*inputs_.run.method, outcomes);
    set_told(selections, told);
    planner_.note_told(told);
    planner_.observe(plan, timed, mean_loss);
    clock_.charge(Activity::planning);

    RoundResult result = observe_round({inputs_.run.run, inputs_.shape, timing_.fleet(), scenario_.prices}, plan, timed,
                                       outcomes, planner_);
    result.encodings = std::move(encodings);
    privacy_.count(!arrivals.empty());
    result.privacy = privacy_.record(inputs_.run.run, round, learner_ ? learner_->privacy_figures() : PrivacyFigures());
    result.secure_sums = secure_sum_record(inputs_.run.run, plan, timed);
    result.selections = std::move(selections);
    if (!learner_) result.round.completed = merged_tasks(*inputs_.run.method, plan, timed, arrivals);
    if (options_.recorded) options_.recorded->complete(result, participation_.back(), timing_.fleet());
    for (const std::string& text : planner_.admission().news())
      result.warnings.push_back({inputs_.run.run, round, text});
    if (planner_.coverage().lost_in() == round)
      result.warnings.push_back({inputs_.run.run, round,
                                 "coverage and staleness are unknown from this round on: the random subsets cut the "
                                 "model into too many parts"});
    clock_.charge(Activity::recording);
    wall.record_seconds = profile_[Activity::recording] - recorded_seconds_;
    recorded_seconds_ = profile_[Activity::recording];
    wall.round_seconds = wall.plan_seconds + wall.timing_seconds + whole.lap();
    result.wall = wall;
    if (options_.on_round) options_.on_round(timing_, plan, timed, result);
    if (plan.closing.keep_in_flight && learner_) learner_->keep_in_flight(planner_.flights().tasks());
    pending_ = std::move(result);
    pending_share_ = share_spent;
    if (learner_ && is_evaluated(round)) begin_evaluation(round);
  }

  void begin_evaluation(int round) {
    learner_->begin_evaluation(round);
    evaluating_ = true;
    clock_.charge(Activity::evaluating);
  }

  // Before the planner observes the round, which lands what arrived.
  std::vector<Delivery> arrived(const RoundPlan& plan, const TimedRound& timed) const {
    return deliveries(plan, timed, plan_of_flight());
  }

  std::function<const RoundPlan&(int)> plan_of_flight() const {
    return [this](int earlier) -> const RoundPlan& { return planner_.flights().plan_of(earlier); };
  }

  void note_participation(const RoundPlan& plan, const TimedRound& timed, const std::vector<Delivery>& arrivals) {
    participation_.push_back(participation(plan, trained_tasks(plan, timed), arrivals));
  }

  void finish_pending() {
    if (!pending_) return;
    RoundResult result = std::move(*pending_);
    pending_.reset();
    std::optional<Evaluation> evaluated;
    if (evaluating_) {
      evaluating_ = false;
      const Evaluation& evaluation = evaluated.emplace(learner_->finish_evaluation());
      add_evaluation(result, evaluation);
      budget_.note_accuracy(evaluation.global_accuracy);
      if (inputs_.run.method->exchange.cohort)
        result.fairness = fairness_of(inputs_.run.run, evaluation.round, inputs_.preparation.data, inputs_.parts,
                                      evaluation.class_accuracies);
    }
    if (result.evaluation) drawn_.note_evaluation(result.evaluation->round);
    store_.write_round(result);
    if (evaluated && !options_.model_folder.empty())
      keeper_.note(*learner_, *evaluated, budget_.ended_by().has_value());
    clock_.charge(Activity::recording);
    if (!options_.on_progress) return;
    Progress progress{
        inputs_.run.run, shown_round(result.round.round), budget_.rounds(), result.round.end_seconds,
        std::nullopt,    result.round.mean_loss,          pending_share_,   budget_.ended_by().has_value()};
    if (result.privacy) progress.epsilon = result.privacy->epsilon;
    if (result.evaluation) progress.accuracy = result.evaluation->global_accuracy;
    options_.on_progress(progress);
  }

  const RunInputs& inputs_;
  const Scenario& scenario_;
  StoreWriter& store_;
  const RunOptions& options_;
  CpuProfile profile_;  // of this thread; the learner knows its own
  ActivityClock clock_{profile_};
  double recorded_seconds_ = 0;  // of the profile's recording, told in the rows so far
  Timing timing_;
  DrawnRun drawn_;
  Planner planner_;
  ClockedRounds rounds_;
  ModelKeeper keeper_;
  RunBudget budget_;
  PrivacyLedger privacy_;
  struct Ahead {
    RoundPlan plan;
    TimedRound timed;
    std::vector<SelectionRecord> selections;
    WallRecord wall;
  } ahead_;  // the round that comes next, unless the run has ended
  std::unique_ptr<Learner> learner_;
  std::optional<RoundResult> pending_;     // the last round, until its evaluation is in
  const ResumePoint* replayed_ = nullptr;  // while rounds are replayed
  double pending_share_ = 0;               // of the run that is over with it
  bool evaluating_ = false;
  std::vector<std::uint32_t> participation_;  // of every round so far
};

}  // namespace

RunEnd carry_out(const RunInputs& inputs, const LearnerFactory& make_learner, StoreWriter& store,
                 const RunOptions& options) {
  RunLoop loop(inputs, make_learner, store, options);
  const auto tell = [&] {
    if (options.on_end) options.on_end(loop.profile());
  };
  try {
    const RunEnd end = loop.run();
    tell();
    return end;
  } catch (...) {
    tell();
    throw;
  }
}

}  // namespace msfusion
