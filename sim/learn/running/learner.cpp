#include "sim/learn/learner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "sim/base/error.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/learn/merging/merge.hpp"
#include "sim/learn/running/description.hpp"
#include "sim/learn/running/device_memory.hpp"
#include "sim/learn/running/evaluation.hpp"
#include "sim/learn/running/local_losses.hpp"
#include "sim/learn/running/message_coding.hpp"
#include "sim/learn/running/named_tensors.hpp"
#include "sim/learn/running/optimiser_states.hpp"
#include "sim/learn/running/personal_evaluation.hpp"
#include "sim/learn/running/personal_models.hpp"
#include "sim/learn/running/plain_error.hpp"
#include "sim/learn/running/pool.hpp"
#include "sim/learn/running/private_mean.hpp"
#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/state_file.hpp"
#include "sim/learn/running/trainings_in_flight.hpp"
#include "sim/learn/training/importance.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kStateVersion = 4;
constexpr char kStateName[] = "msfusion learner";

std::vector<std::int32_t> norm_samples(const RunContext& run) {
  std::vector<std::int32_t> samples = run.held_samples;
  Random random(derive_seed(run.setup.seed, Purpose::subsample, run.setup.parts.samples.size() + 1));
  shuffle(samples, random);
  samples.resize(std::min(samples.size(), static_cast<std::size_t>(std::max(0, run.setup.evaluation.norm_samples))));
  return samples;
}

class TorchLearner : public Learner {
 public:
  explicit TorchLearner(const LearnerSetup& setup) try
      : run_(setup),
        evaluating_{setup.shape, run_.full, run_.batches, norm_samples(run_), setup.seed},
        memory_(run_),
        personal_(run_),
        states_(run_),
        personal_evaluation_(run_),
        pool_(std::max(1, setup.workers), setup.cores),
        in_flight_(run_, pool_),
        coding_(run_, pool_),
        private_(run_),
        state_(run_.model_state(pool_)) {
  } catch (...) {
    rethrow_as_run_error();
  }

  void start(const RoundPlan& plan, const std::vector<TaskId>& tasks) override try {
    coding_.begin_round();
    private_.begin_round();
    // Where optimisers are kept, a device's second training of a round needs what its first one leaves.
    std::map<int, std::vector<const TrainTask*>> by_repeat;
    for (const TrainTask& task : plan.tasks)
      if (std::find(tasks.begin(), tasks.end(), task.id) != tasks.end())
        by_repeat[states_.keeps() ? task.repeat : 0].push_back(&task);
    for (const auto& [repeat, all] : by_repeat) {
      std::vector<TrainingJob> jobs;
      for (const TrainTask* task : all) jobs.push_back(job_for(*task, plan.round));
      in_flight_.start(std::move(jobs));
    }
  } catch (...) {
    rethrow_as_run_error();
  }

  void lose(const std::vector<TaskId>& tasks) override try {
    if (!keeps_on_devices()) return;
    for (const TaskId task : tasks)
      if (in_flight_.contains(task)) lost_.emplace(task, take(task));
  } catch (...) {
    rethrow_as_run_error();
  }

  std::vector<TaskOutcome> merge(const RoundPlan& plan, const std::vector<Delivery>& deliveries) override try {
    Arrivals arrivals{plan, {}, deliveries};
    if (facts_of(run_.setup.method.exchange.kind).keeps_own_results)
      for (const TrainTask& task : plan.tasks)
        if (in_flight_.contains(task.id)) arrivals.deliveries.push_back({task.id, task.device});
    std::sort(arrivals.deliveries.begin(), arrivals.deliveries.end(),
              [](const Delivery& a, const Delivery& b) { return std::tie(a.task, a.to) < std::tie(b.task, b.to); });

    std::map<TaskId, Trained> finished;
    for (const Delivery& delivery : arrivals.deliveries)
      if (finished.count(delivery.task) == 0) finished.emplace(delivery.task, take(delivery.task));
    evaluated_.clear();
    if (keeps_on_devices()) take_undelivered(plan, finished);
    remember(finished);
    ActivityClock clock(profile_);
    const auto began = std::chrono::steady_clock::now();
    const bool is_changed = coding_.codes_up() || private_.applies() || personal_.hides();
    std::map<TaskId, Trained> received;  // what that makes of it
    if (is_changed) received = sent(finished);
    lost_.clear();
    for (const auto& [id, trained] : is_changed ? received : finished) arrivals.tasks.push_back(&trained);
    if (is_changed)
      for (const auto& [id, trained] : finished) arrivals.own.push_back(&trained);
    if (private_.applies() && !arrivals.tasks.empty()) {
      const Trained mean = private_.mean(plan, arrivals.tasks, state_->global());
      state_->merge({plan, {&mean}, {}});
    } else if (coding_.votes() && !arrivals.tasks.empty()) {
      const Trained decided = coding_.decided(arrivals.tasks, state_->global());
      state_->merge({plan, {&decided}, {}});
    } else {
      state_->merge(arrivals);
    }
    states_.merge(arrivals);
    merge_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    clock.charge(Activity::merging);

    std::vector<TaskOutcome> outcomes;
    for (const auto& [id, trained] : finished) {
      outcomes.push_back(
          {id, trained.device, trained.mean_loss, trained.wall_seconds, trained.cpu_seconds, trained.sample_loss});
      if (std::isfinite(trained.mean_loss)) last_loss_ = trained.mean_loss;
      memory_.remember(arrivals, trained);
    }
    if (!plan.closing.keep_in_flight) in_flight_.keep_only({});
    return outcomes;
  } catch (...) {
    rethrow_as_run_error();
  }

  std::vector<double> losses_before(const std::vector<std::pair<NodeId, WidthSlice>>& devices, int round,
                                    bool of_one_batch) override try {
    coding_.begin_round();  // the devices receive the round's model
    std::vector<LossJob> jobs;
    for (const auto& [device, slice] : devices) {
      const at::Tensor source = state_->of(device);
      jobs.push_back({slice,
                      coding_.codes_down() ? coding_.received(source, slice)
                                           : gather(SliceMap(run_.setup.shape, run_.full, slice), source),
                      of_one_batch ? one_batch(run_, device, round) : run_.samples_of(device)});
    }
    return local_losses(run_, pool_, jobs);
  } catch (...) {
    rethrow_as_run_error();
  }

  std::vector<double> class_accuracies() override try {
    EvaluationRun run(evaluating_, pool_, {{full_slice(run_.setup.shape), state_->global()}});
    return run.scores().front().class_accuracies;
  } catch (...) {
    rethrow_as_run_error();
  }

  CodingErrors coding_errors() const override { return coding_.errors(); }
  PrivacyFigures privacy_figures() const override { return private_.figures(); }

  double merge_seconds() const override { return merge_seconds_; }

  void keep_in_flight(const std::set<TaskId>& tasks) override { in_flight_.keep_only(tasks); }

  void begin_evaluation(int round) override try {
    if (pending_) throw std::logic_error("an evaluation was begun before the last one was finished");
    pending_ = std::make_unique<PendingEvaluation>();
    pending_->round = round;
    pending_->disagreement = state_->disagreement();
    thinned_.clear();
    std::vector<ScoredModel>& models = pending_->models;
    models = {{full_slice(run_.setup.shape), personal_.global(state_->global())}};
    if (run_.setup.evaluation.submodels && !facts_of(run_.setup.method.exchange.kind).pools_data) {
      for (const auto& [device, slice] : memory_.slices()) {
        // Devices with equal sub-models share one score.
        const at::Tensor source = sub_model_of(device);
        const auto same = std::find_if(models.begin(), models.end(), [&, &slice_ = slice](const ScoredModel& model) {
          return model.source.is_same(source) && model.slice == slice_;
        });
        pending_->devices.emplace_back(device, static_cast<std::size_t>(same - models.begin()));
        if (same == models.end()) models.push_back({slice, source});
      }
    }
    if (personal_evaluation_.is_on())
      personal_evaluation_.add_to(
          models, memory_.slices(), [&](NodeId device) { return personal_.model_of(device, state_->of(device)); },
          state_->global());
    pending_->run = std::make_unique<EvaluationRun>(evaluating_, pool_, models);
  } catch (...) {
    rethrow_as_run_error();
  }

  Evaluation finish_evaluation() override try {
    if (!pending_) throw std::logic_error("no evaluation was begun");
    const auto pending = std::move(pending_);
    const std::vector<Score> scores = pending->run->scores();
    Evaluation result;
    result.round = pending->round;
    require_finite(scores.front(), pending->round, "the global model");
    for (const auto& [device, model] : pending->devices)
      require_finite(scores[model], pending->round, fmt::format("device {}", device));
    result.global_accuracy = scores.front().accuracy;
    result.global_loss = scores.front().loss;
    result.class_accuracies = scores.front().class_accuracies;
    result.disagreement = pending->disagreement;
    for (const auto& [device, model] : personal_evaluation_.tested())
      require_finite(scores[model], pending->round, fmt::format("device {}'s own model", device));
    result.personal = personal_evaluation_.scores(*pending->run, scores);
    remember_evaluated(*pending, scores);
    if (pending->devices.empty()) return result;
    double accuracy = 0, loss = 0;
    for (const auto& [device, model] : pending->devices) {
      result.devices.push_back({device, scores[model].accuracy, scores[model].loss});
      accuracy += scores[model].accuracy;
      loss += scores[model].loss;
    }
    result.submodel_accuracy = accuracy / static_cast<double>(pending->devices.size());
    result.submodel_loss = loss / static_cast<double>(pending->devices.size());
    return result;
  } catch (...) {
    rethrow_as_run_error();
  }

  EvaluatedModel evaluated_model(std::optional<NodeId> device) const override {
    const auto found = evaluated_.find(device);
    if (found == evaluated_.end()) throw std::logic_error("no evaluation scored this model since the last merge");
    const auto& [model, statistics, score] = found->second;
    const char* global = personal_.hides() ? "the server's model with the mean of the tensors that devices keep to "
                                             "themselves, which no node holds"
                                           : state_->what_is_global();
    return {device ? "a device's sub-model" : global, score.accuracy, score.loss, model.slice,
            named_tensors(run_.setup.shape, run_.full, model.slice, model.source, statistics)};
  }

  std::vector<float> parameters(NodeId node, const WidthSlice& slice) const override {
    const at::Tensor source =
        node < run_.devices() ? personal_.start_of(node, state_->of(node)) : personal_.global(state_->global());
    std::vector<float> values;
    SliceMap(run_.setup.shape, run_.full, slice).for_each_run([&](int, const Run& run) {
      const float* first = source.data_ptr<float>() + run.full;
      values.insert(values.end(), first, first + run.length);
    });
    return values;
  }

  void save(std::ostream& stream) const override try {
    StateWriter out(stream);
    out.text(kStateName);
    out.number(kStateVersion);
    out.text(run_.setup.method.name);
    out.number(static_cast<std::int64_t>(run_.setup.seed));
    out.number(run_.full.size());
    out.number(run_.devices());
    state_->save(out);
    memory_.save(out);
    personal_.save(out);
    states_.save(out);
    out.number(last_loss_ ? 1 : 0);
    out.real(last_loss_.value_or(0));
    in_flight_.save(out);
    if (coding_.codes_up()) coding_.save(out);
    if (private_.applies()) private_.save(out);
    if (!stream) throw RunError("the state of the learner could not be written");
  } catch (...) {
    rethrow_as_run_error();
  }

  void restore(std::istream& stream) override try {
    StateReader in(stream);
    const auto require_same = [](bool is_same, const char* what) {
      if (!is_same) throw RunError(fmt::format("the saved state of the learner is of another {}", what));
    };
    require_same(in.text() == kStateName, "program");
    require_same(in.number() == kStateVersion, "version");
    require_same(in.text() == run_.setup.method.name, "method");
    require_same(in.number() == static_cast<std::int64_t>(run_.setup.seed), "seed");
    require_same(in.number() == run_.full.size(), "model");
    require_same(in.number() == run_.devices(), "fleet");
    state_->restore(in);
    memory_.restore(in);
    personal_.restore(in);
    states_.restore(in);
    const bool has_loss = in.number(0, 1) == 1;
    last_loss_ = in.real();
    if (!has_loss) last_loss_.reset();
    in_flight_.restore(in);
    if (coding_.codes_up()) coding_.restore(in);
    if (private_.applies()) private_.restore(in);
  } catch (...) {
    rethrow_as_run_error();
  }

  CpuProfile profile() const override {
    CpuProfile all = profile_;
    all[Activity::training] += pool_.busy_seconds(Urgency::training) - all[Activity::gathering];
    all[Activity::merging] += pool_.busy_seconds(Urgency::merging);
    all[Activity::evaluating] = pool_.busy_seconds(Urgency::evaluation);
    return all;
  }

  std::string description() const override { return learner_description(); }

 private:
  struct PendingEvaluation {
    int round = 0;
    std::optional<double> disagreement;
    std::vector<ScoredModel> models;                      // the global one is the first
    std::vector<std::pair<NodeId, std::size_t>> devices;  // each with the place of its model
    std::unique_ptr<EvaluationRun> run;
  };

  struct Evaluated {
    ScoredModel model;
    std::vector<NormStatistics> statistics;
    Score score;
  };

  // Devices of one size share their weights.
  at::Tensor sub_model_of(NodeId device) {
    const ImportanceChoice& importance = run_.setup.method.importance;
    if (!importance.is_on()) return personal_.start_of(device, state_->of(device));
    at::Tensor& thinned = thinned_[importance.of(device, run_.devices())];
    if (!thinned.defined())
      thinned = largest_weights(run_.setup.shape, run_.full, state_->of(device), importance.of(device, run_.devices()));
    return thinned;
  }

  void remember_evaluated(const PendingEvaluation& pending, const std::vector<Score>& scores) {
    const auto remember = [&](std::optional<NodeId> whose, std::size_t place) {
      evaluated_[whose] = {pending.models[place], pending.run->statistics(place), scores[place]};
    };
    remember(std::nullopt, 0);
    for (const auto& [device, place] : pending.devices) remember(device, place);
  }

  void require_finite(const Score& score, int round, const std::string& owner) const {
    if (std::isfinite(score.loss)) return;
    throw RunError(fmt::format(
        "round {}, {}: the test loss became {} ({}); {}; a smaller learning rate or gradient clipping may help", round,
        owner, score.loss,
        score.first_bad_layer >= 0
            ? "first in layer " + run_.setup.shape.layers[static_cast<std::size_t>(score.first_bad_layer)].name
            : "behind the last layer, in the objective",
        last_loss_ ? fmt::format("last finite loss of a training {:.6g}", *last_loss_) : "no loss was finite before"));
  }

  TrainingJob job_for(const TrainTask& task, int round) {
    TrainingJob job;
    job.task = task;
    job.round = round;
    job.source = state_->of(task.device);
    job.samples = &run_.samples_of(task.device);
    if (facts_of(run_.setup.method.objective.kind).masks_absent_classes) job.classes = run_.classes_of(task.device);
    job.negatives = memory_.negatives_of(task.device);
    state_->equip(job);
    if (coding_.codes_down()) {
      job.start = coding_.received(job.source, task.slice);
      if (job.variate_server.defined()) job.variate_server = coding_.received(job.variate_server, task.slice);
    }
    if (const ImportanceChoice& importance = run_.setup.method.importance; importance.is_on())
      job.start = largest_weights(run_.setup.shape, run_.full, job.source, importance.of(task.device, run_.devices()));
    personal_.equip(job);
    states_.equip(job, states_.keeps() ? in_flight_.latest_of(task.device) : nullptr);
    job.last_loss = last_loss_;
    return job;
  }

  // As the receivers have it.
  std::map<TaskId, Trained> sent(std::map<TaskId, Trained> finished) {
    std::vector<Trained*> messages;
    for (auto& [id, trained] : finished) {
      if (personal_.hides()) personal_.hide(trained, state_->global());
      shorten(trained);
      messages.push_back(&trained);
    }
    if (!coding_.codes_up()) return finished;
    for (auto& [id, trained] : lost_) {
      if (personal_.hides()) personal_.hide(trained, state_->global());
      shorten(trained);
    }
    coding_.send(messages, lost_);
    if (private_.applies())
      for (Trained* message : messages) private_.shorten(*message);
    return finished;
  }

  void shorten(Trained& trained) const {
    if (private_.applies()) trained.was_shortened = private_.shorten(trained);
  }

  // Devices have something that a lost update must not leave behind.
  bool keeps_on_devices() const { return coding_.feeds_back() || personal_.keeps() || states_.keeps(); }

  // A round that keeps nothing in flight is over: what was trained in it and did not arrive never will.
  void take_undelivered(const RoundPlan& plan, const std::map<TaskId, Trained>& delivered) {
    if (plan.closing.keep_in_flight) return;
    for (const TrainTask& task : plan.tasks)
      if (delivered.count(task.id) == 0 && in_flight_.contains(task.id)) lost_.emplace(task.id, take(task.id));
  }

  // In the order in which devices trained.
  void remember(const std::map<TaskId, Trained>& delivered) {
    std::map<TaskId, const Trained*> all;
    for (const auto& [id, trained] : delivered) all.emplace(id, &trained);
    for (const auto& [id, trained] : lost_) all.emplace(id, &trained);
    for (const auto& [id, trained] : all) {
      personal_.remember(*trained);
      states_.remember(*trained);
    }
  }

  Trained take(TaskId task) {
    Trained trained = in_flight_.take(task);
    profile_[Activity::gathering] += trained.gather_seconds;
    if (run_.setup.remote) profile_[Activity::training] += trained.wall_seconds;
    return trained;
  }

  const RunContext run_;
  const EvaluationContext evaluating_;
  DeviceMemory memory_;
  PersonalModels personal_;
  OptimiserStates states_;
  PersonalEvaluation personal_evaluation_;
  std::optional<double> last_loss_;  // the last finite one
  std::unique_ptr<PendingEvaluation> pending_;
  std::map<double, at::Tensor> thinned_;                  // of an evaluation, by share of the weights
  std::map<std::optional<NodeId>, Evaluated> evaluated_;  // since the last merge; none: the global model
  double merge_seconds_ = 0;                              // of the last merge
  CpuProfile profile_;           // of the calling thread, and the shares that finished jobs report
  Pool pool_;                    // after what its jobs use: its destructor waits for them
  TrainingsInFlight in_flight_;  // after the pool: abandons its trainings before the pool waits
  MessageCoding coding_;
  PrivateMean private_;
  std::unique_ptr<ModelState> state_;
  std::map<TaskId, Trained> lost_;  // updates of this round that nobody got
};

}  // namespace

std::unique_ptr<Learner> make_learner(const LearnerSetup& setup) {
  return std::make_unique<TorchLearner>(setup);
}

}  // namespace msfusion

// For programs that load this library when training starts; the caller owns the result.
extern "C" msfusion::Learner* msfusion_make_learner(const msfusion::LearnerSetup* setup) {
  return msfusion::make_learner(*setup).release();
}
