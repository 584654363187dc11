#include "sim/learn/learner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

#include "sim/base/error.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/learn/batches.hpp"
#include "sim/learn/description.hpp"
#include "sim/learn/evaluation.hpp"
#include "sim/learn/initial.hpp"
#include "sim/learn/job_groups.hpp"
#include "sim/learn/job_message.hpp"
#include "sim/learn/local_training.hpp"
#include "sim/learn/merge.hpp"
#include "sim/learn/plain_error.hpp"
#include "sim/learn/pool.hpp"
#include "sim/learn/runtime.hpp"
#include "sim/learn/state_file.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kStateVersion = 3;
constexpr char kStateName[] = "msfusion learner";

std::vector<std::int32_t> held_samples(const Partition& parts) {
  std::vector<std::int32_t> all;
  for (const auto& part : parts.samples) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  return all;
}

std::vector<std::int32_t> norm_samples(const LearnerSetup& setup, std::vector<std::int32_t> held) {
  Random random(derive_seed(setup.seed, Purpose::subsample, setup.parts.samples.size() + 1));
  shuffle(held, random);
  held.resize(std::min(held.size(), static_cast<std::size_t>(std::max(0, setup.evaluation.norm_samples))));
  return held;
}

const LearnerSetup& prepared(const LearnerSetup& setup) {
  prepare_process();
  return setup;
}

const std::vector<std::int32_t>& samples_of(const LearnerSetup& setup, const std::vector<std::int32_t>& all,
                                            NodeId node) {
  const bool everything = setup.method.exchange.kind == ExchangeKind::central;
  return everything ? all : setup.parts.samples.at(static_cast<std::size_t>(node));
}

class TorchTrainer : public Trainer {
 public:
  explicit TorchTrainer(const LearnerSetup& setup)
      : setup_(prepared(setup)),
        full_(setup.shape, full_slice(setup.shape)),
        batches_(setup.data, setup.shape),
        all_samples_(held_samples(setup.parts)),
        training_{setup.shape, full_, batches_, setup.training, setup.method.objective, setup.data_spec.augment,
                  setup.seed} {}

  std::string train(const std::string& message) override try {
    use_one_thread();
    std::istringstream bytes(message);
    StateReader in(bytes);
    TrainingJob job = read_job(in, setup_.shape);
    job.samples = &samples_of(setup_, all_samples_, job.task.device);
    std::ostringstream reply;
    StateWriter out(reply);
    const Trained trained = msfusion::train(training_, job);
    write(out, trained);
    out.real(trained.wall_seconds);
    return reply.str();
  } catch (...) {
    rethrow_plainly();
  }

 private:
  const LearnerSetup setup_;
  const ParameterLayout full_;
  const Batches batches_;
  const std::vector<std::int32_t> all_samples_;
  const TrainingContext training_;
};

class TorchLearner : public Learner {
 public:
  explicit TorchLearner(const LearnerSetup& setup)
      : setup_(prepared(setup)),
        full_(setup.shape, full_slice(setup.shape)),
        batches_(setup.data, setup.shape),
        all_samples_(held_samples(setup.parts)),
        training_{setup.shape, full_, batches_, setup.training, setup.method.objective, setup.data_spec.augment,
                  setup.seed},
        evaluating_{setup.shape, full_, batches_, norm_samples(setup, all_samples_), setup.seed},
        pool_(std::max(1, setup.workers), setup.cores),
        elsewhere_(setup.elsewhere ? std::make_unique<Pool>(setup.elsewhere->at_once, nullptr) : nullptr),
        state_(make_state({setup.shape, full_, setup.method, setup.parts, batches_, setup.training,
                           setup.data.train_samples(), setup.seed, pool_,
                           initial_values(setup.shape, full_, setup.seed)})) {}

  ~TorchLearner() override {
    for (auto& [id, flight] : in_flight_) *flight.abandoned = true;
  }

  void start(const RoundPlan& plan, const std::vector<TaskId>& tasks) override try {
    std::vector<TrainingJob> jobs;
    for (const TrainTask& task : plan.tasks)
      if (std::find(tasks.begin(), tasks.end(), task.id) != tasks.end()) jobs.push_back(job_for(task, plan.round));
    // Longest first, also for the workers that wait right now.
    std::stable_sort(jobs.begin(), jobs.end(), [](const TrainingJob& a, const TrainingJob& b) {
      return a.task.training_flops > b.task.training_flops;
    });
    if (elsewhere_) {
      for (TrainingJob& job : jobs) {
        const double cost = job.task.training_flops;
        begin({std::move(job)}, *elsewhere_, cost, [this](const std::vector<TrainingJob>& group) {
          return std::vector<TrainingResult>{{train_elsewhere(group.front()), nullptr}};
        });
      }
      return;
    }
    for (auto& group : groups_of(std::move(jobs), training_, std::max(1, setup_.workers))) {
      double cost = 0;
      for (const TrainingJob& job : group) cost += job.task.training_flops;
      begin(std::move(group), pool_, cost,
            [this](const std::vector<TrainingJob>& together) { return train_together(training_, together); });
    }
  } catch (...) {
    rethrow_plainly();
  }

  std::vector<TaskOutcome> merge(const RoundPlan& plan, const std::vector<Delivery>& deliveries) override try {
    Arrivals arrivals{plan, {}, deliveries};
    if (keeps_own_results())
      for (const TrainTask& task : plan.tasks)
        if (in_flight_.count(task.id) > 0) arrivals.deliveries.push_back({task.id, task.device});
    const auto in_order = [](const Delivery& a, const Delivery& b) {
      return std::tie(a.task, a.to) < std::tie(b.task, b.to);
    };
    std::sort(arrivals.deliveries.begin(), arrivals.deliveries.end(), in_order);

    std::map<TaskId, Trained> finished;
    for (const Delivery& delivery : arrivals.deliveries)
      if (finished.count(delivery.task) == 0) finished.emplace(delivery.task, collect(delivery.task));
    for (const auto& [id, trained] : finished) arrivals.tasks.push_back(&trained);
    ActivityClock clock(profile_);
    const auto began = std::chrono::steady_clock::now();
    state_->merge(arrivals);
    merge_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    clock.charge(Activity::merging);

    std::vector<TaskOutcome> outcomes;
    for (const auto& [id, trained] : finished) {
      outcomes.push_back({id, trained.device, trained.mean_loss, trained.wall_seconds, trained.cpu_seconds});
      if (std::isfinite(trained.mean_loss)) last_loss_ = trained.mean_loss;
      remember(arrivals, trained);
    }
    if (!plan.closing.keep_in_flight) {
      for (auto& [id, flight] : in_flight_) *flight.abandoned = true;
      in_flight_.clear();
    }
    return outcomes;
  } catch (...) {
    rethrow_plainly();
  }

  double merge_seconds() const override { return merge_seconds_; }

  void keep_in_flight(const std::set<TaskId>& tasks) override {
    for (auto flight = in_flight_.begin(); flight != in_flight_.end();) {
      if (tasks.count(flight->first) > 0) {
        ++flight;
      } else {
        *flight->second.abandoned = true;
        flight = in_flight_.erase(flight);
      }
    }
  }

  void begin_evaluation(int round) override try {
    if (pending_) throw std::logic_error("an evaluation was begun before the last one was finished");
    pending_ = std::make_unique<Pending>();
    pending_->round = round;
    pending_->disagreement = state_->disagreement();
    std::vector<ScoredModel> models = {{full_slice(setup_.shape), state_->global()}};
    if (setup_.evaluation.submodels && setup_.method.exchange.kind != ExchangeKind::central) {
      for (const auto& [device, slice] : slices_) {
        // Devices whose sub-models are the same values are scored once.
        const at::Tensor source = state_->of(device);
        const auto same = std::find_if(models.begin(), models.end(), [&, &slice_ = slice](const ScoredModel& model) {
          return model.source.is_same(source) && model.slice == slice_;
        });
        pending_->devices.emplace_back(device, static_cast<std::size_t>(same - models.begin()));
        if (same == models.end()) models.push_back({slice, source});
      }
    }
    pending_->run = std::make_unique<EvaluationRun>(evaluating_, pool_, std::move(models));
  } catch (...) {
    rethrow_plainly();
  }

  Evaluation finish_evaluation() override try {
    if (!pending_) throw std::logic_error("no evaluation was begun");
    const auto pending = std::move(pending_);
    const std::vector<Score> scores = pending->run->scores();
    Evaluation result;
    result.round = pending->round;
    check(scores.front(), pending->round, "the global model");
    for (const auto& [device, model] : pending->devices)
      check(scores[model], pending->round, fmt::format("device {}", device));
    result.global_accuracy = scores.front().accuracy;
    result.global_loss = scores.front().loss;
    result.disagreement = pending->disagreement;
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
    rethrow_plainly();
  }

  std::vector<float> parameters(NodeId node, const WidthSlice& slice) const override {
    const bool is_device = node < static_cast<NodeId>(setup_.parts.samples.size());
    const at::Tensor source = is_device ? state_->of(node) : state_->global();
    std::vector<float> values;
    SliceMap(setup_.shape, full_, slice).for_each_run([&](int, const Run& run) {
      const float* first = source.data_ptr<float>() + run.full;
      values.insert(values.end(), first, first + run.length);
    });
    return values;
  }

  void save(std::ostream& stream) const override;
  void restore(std::istream& stream) override;
  Profile profile() const override {
    Profile all = profile_;
    all[Activity::training] += pool_.busy_seconds(Urgency::training) - all[Activity::gathering];
    all[Activity::merging] += pool_.busy_seconds(Urgency::merging);
    all[Activity::evaluating] = pool_.busy_seconds(Urgency::evaluation);
    return all;
  }

  std::string description() const override { return learner_description(); }

 private:
  void check(const Score& score, int round, const std::string& whose) const {
    if (std::isfinite(score.loss)) return;
    throw RunError(fmt::format(
        "round {}, {}: the test loss became {} ({}); {}; a smaller learning rate or gradient clipping may help", round,
        whose, score.loss,
        score.trouble >= 0 ? "first in layer " + setup_.shape.layers[static_cast<std::size_t>(score.trouble)].name
                           : "behind the last layer, in the objective",
        last_loss_ ? fmt::format("last finite loss of a training {:.6g}", *last_loss_) : "no loss was finite before"));
  }

  struct Flight {
    std::shared_ptr<std::atomic<bool>> abandoned;
    std::shared_future<std::vector<TrainingResult>> group;
    std::size_t place;  // in the group

    /// Waits. Throws what the training threw.
    const Trained& result() const {
      const TrainingResult& own = group.get()[place];
      if (own.error) std::rethrow_exception(own.error);
      return own.trained;
    }
  };
  struct Pending {
    int round = 0;
    std::optional<double> disagreement;
    std::vector<std::pair<NodeId, std::size_t>> devices;  // which score is whose
    std::unique_ptr<EvaluationRun> run;
  };

  // Devices that keep what they trained even when no message of theirs arrived.
  bool keeps_own_results() const {
    switch (setup_.method.exchange.kind) {
      case ExchangeKind::peers:
      case ExchangeKind::logits:
      case ExchangeKind::none:
      case ExchangeKind::central:
        return true;
      case ExchangeKind::server:
      case ExchangeKind::edge:
      case ExchangeKind::asynchronous:
      case ExchangeKind::split:
        return false;
    }
    return false;
  }

  std::vector<bool> classes_of(NodeId node) const {
    std::vector<bool> present(static_cast<std::size_t>(setup_.shape.classes), false);
    for (const std::int32_t sample : samples_of(setup_, all_samples_, node)) {
      if (!batches_.tokens()) {
        present[static_cast<std::size_t>(setup_.data.train_images.labels[static_cast<std::size_t>(sample)])] = true;
        continue;
      }
      const auto first =
          setup_.data.train_tokens.tokens.begin() + static_cast<std::int64_t>(sample) * setup_.data.window;
      for (auto token = first; token != first + setup_.data.window + 1; ++token)
        present[static_cast<std::size_t>(*token)] = true;
    }
    return present;
  }

  // Hands a group of jobs to a pool.
  template <class Train>
  void begin(std::vector<TrainingJob> group, Pool& pool, double cost, Train train_group) {
    std::vector<std::pair<TaskId, std::shared_ptr<std::atomic<bool>>>> tasks;
    for (const TrainingJob& job : group) tasks.emplace_back(job.task.id, job.abandoned);
    const auto result =
        pool.submit(Urgency::training, cost, [train_group, moved = std::move(group)] { return train_group(moved); })
            .share();
    for (std::size_t i = 0; i < tasks.size(); ++i) in_flight_[tasks[i].first] = {tasks[i].second, result, i};
  }

  // Blocks its thread of the pool, which takes no processor time.
  Trained train_elsewhere(TrainingJob job) const {
    const SliceMap map(setup_.shape, full_, job.task.slice);
    job.start = gather(map, job.source);
    std::ostringstream message;
    StateWriter out(message);
    write(out, job);
    std::istringstream reply(setup_.elsewhere->train(setup_, message.str()));
    StateReader in(reply);
    Trained trained = read_trained(in, setup_.shape);
    trained.wall_seconds = in.real();
    return trained;
  }

  TrainingJob job_for(const TrainTask& task, int round) const {
    TrainingJob job;
    job.task = task;
    job.round = round;
    job.source = state_->of(task.device);
    job.samples = &samples_of(setup_, all_samples_, task.device);
    const ObjectiveChoice& objective = setup_.method.objective;
    if (objective.kind == ObjectiveKind::masked_cross_entropy) job.classes = classes_of(task.device);
    const bool msfusion = objective.kind == ObjectiveKind::contrastive;
    if (msfusion ? objective.negatives != ObjectiveChoice::Negatives::peers
                 : objective.kind == ObjectiveKind::model_contrastive)
      if (const auto own = previous_.find(task.device); own != previous_.end()) job.negatives.push_back(own->second);
    if (msfusion && objective.negatives != ObjectiveChoice::Negatives::previous)
      if (const auto peers = held_.find(task.device); peers != held_.end())
        job.negatives.insert(job.negatives.end(), peers->second.begin(), peers->second.end());
    state_->equip(job);
    job.last_loss = last_loss_;
    return job;
  }

  Trained collect(TaskId id) {
    const auto flight = in_flight_.find(id);
    if (flight == in_flight_.end()) throw std::logic_error(fmt::format("task {} arrived, but was never started", id));
    Trained trained = flight->second.result();
    in_flight_.erase(flight);
    profile_[Activity::gathering] += trained.gather_seconds;
    if (elsewhere_) profile_[Activity::training] += trained.wall_seconds;
    return trained;
  }

  // What the next rounds need of this one besides the merged values.
  void remember(const Arrivals& arrivals, const Trained& trained) {
    slices_[trained.device] = trained.slice;
    for (std::size_t i = 0; i < arrivals.plan.next_slices.size(); ++i)
      if (arrivals.plan.tasks[i].id == trained.task) slices_[trained.device] = arrivals.plan.next_slices[i];
    const ObjectiveChoice& objective = setup_.method.objective;
    const bool msfusion = objective.kind == ObjectiveKind::contrastive;
    if (msfusion || objective.kind == ObjectiveKind::model_contrastive)
      previous_[trained.device] = {trained.slice, trained.values};
    if (!msfusion || objective.negatives == ObjectiveChoice::Negatives::previous) return;
    auto& held = held_[trained.device];
    held.clear();
    for (const Delivery& delivery : arrivals.deliveries) {
      if (delivery.to != trained.device || delivery.task == trained.task) continue;
      for (const Trained* peer : arrivals.tasks)
        if (peer->task == delivery.task) held.push_back({peer->slice, peer->values});
    }
  }

  const LearnerSetup setup_;
  const ParameterLayout full_;
  const Batches batches_;
  const std::vector<std::int32_t> all_samples_;
  const TrainingContext training_;
  const EvaluationContext evaluating_;

  double merge_seconds_ = 0;
  std::map<NodeId, WidthSlice> slices_;           // of the devices' sub-models as they are now
  std::map<NodeId, SubModel> previous_;           // what a device trained last, before merging
  std::map<NodeId, std::vector<SubModel>> held_;  // what it last got from its peers
  std::map<TaskId, Flight> in_flight_;
  std::optional<double> last_loss_;  // finite
  std::unique_ptr<Pending> pending_;
  Profile profile_;                  // of the calling thread, and what is known of the jobs' parts
  Pool pool_;                        // its destructor waits for jobs that use what is above
  std::unique_ptr<Pool> elsewhere_;  // whose threads wait for other processes
  std::unique_ptr<ModelState> state_;
};

void TorchLearner::save(std::ostream& stream) const try {
  StateWriter out(stream);
  out.text(kStateName);
  out.number(kStateVersion);
  out.text(setup_.method.name);
  out.number(static_cast<std::int64_t>(setup_.seed));
  out.number(full_.size());
  out.number(static_cast<std::int64_t>(setup_.parts.samples.size()));
  state_->save(out);
  out.number(static_cast<std::int64_t>(slices_.size()));
  for (const auto& [device, slice] : slices_) {
    out.number(device);
    out.slice(slice);
  }
  out.number(static_cast<std::int64_t>(previous_.size()));
  for (const auto& [device, model] : previous_) {
    out.number(device);
    write(out, model);
  }
  out.number(static_cast<std::int64_t>(held_.size()));
  for (const auto& [device, models] : held_) {
    out.number(device);
    out.number(static_cast<std::int64_t>(models.size()));
    for (const auto& model : models) write(out, model);
  }
  out.number(last_loss_ ? 1 : 0);
  out.real(last_loss_.value_or(0));
  // Trainings that go on over merges are saved as they end.
  out.number(static_cast<std::int64_t>(in_flight_.size()));
  for (const auto& [id, flight] : in_flight_) write(out, flight.result());
  if (!stream) throw RunError("the state of the learner could not be written");
} catch (...) {
  rethrow_plainly();
}

void TorchLearner::restore(std::istream& stream) try {
  StateReader in(stream);
  const auto devices = static_cast<std::int64_t>(setup_.parts.samples.size());
  const auto expect = [](bool holds, const char* what) {
    if (!holds) throw RunError(fmt::format("the saved state of the learner is of another {}", what));
  };
  expect(in.text() == kStateName, "program");
  expect(in.number() == kStateVersion, "version");
  expect(in.text() == setup_.method.name, "method");
  expect(in.number() == static_cast<std::int64_t>(setup_.seed), "seed");
  expect(in.number() == full_.size(), "model");
  expect(in.number() == devices, "fleet");
  state_->restore(in);
  slices_.clear();
  previous_.clear();
  held_.clear();
  in_flight_.clear();
  const auto entries = [&](auto read) {
    const auto count = in.number(0, devices);
    for (std::int64_t i = 0; i < count; ++i) read(static_cast<NodeId>(in.number(0, devices)));
  };
  entries([&](NodeId device) { slices_[device] = in.slice(setup_.shape); });
  entries([&](NodeId device) { previous_[device] = read_submodel(in, setup_.shape); });
  entries([&](NodeId device) {
    auto& models = held_[device];
    models.resize(static_cast<std::size_t>(in.number(0, devices)));
    for (auto& model : models) model = read_submodel(in, setup_.shape);
  });
  const bool has_loss = in.number(0, 1) == 1;
  last_loss_ = in.real();
  if (!has_loss) last_loss_.reset();
  const auto flights = in.number(0, std::numeric_limits<int>::max());
  for (std::int64_t i = 0; i < flights; ++i) {
    std::promise<std::vector<TrainingResult>> done;
    const Trained trained = read_trained(in, setup_.shape);
    expect(trained.device <= devices, "fleet");
    done.set_value({{trained, nullptr}});
    in_flight_[trained.task] = {std::make_shared<std::atomic<bool>>(false), done.get_future().share(), 0};
  }
} catch (...) {
  rethrow_plainly();
}

}  // namespace

std::unique_ptr<Learner> make_learner(const LearnerSetup& setup) {
  return std::make_unique<TorchLearner>(setup);
}

std::unique_ptr<Trainer> make_trainer(const LearnerSetup& setup) {
  return std::make_unique<TorchTrainer>(setup);
}

}  // namespace msfusion

// For programs that load this library when training starts; the caller owns the result.
extern "C" msfusion::Learner* msfusion_make_learner(const msfusion::LearnerSetup* setup) {
  return msfusion::make_learner(*setup).release();
}

extern "C" msfusion::Trainer* msfusion_make_trainer(const msfusion::LearnerSetup* setup) {
  return msfusion::make_trainer(*setup).release();
}
