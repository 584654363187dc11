// The same bits whatever the number of workers, and after a restart.
#include <functional>
#include <sstream>

#include "sim/base/error.hpp"
#include "sim/learn/participant.hpp"
#include "sim/learn/running/job_message.hpp"
#include "sim/learn/running/state_file.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/exits.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

struct Named {
  const char* name;
  Method method;
  PersonalChoice personal = {};
  OptimiserState state = OptimiserState::reset;
};

Method method(ObjectiveKind objective, ExchangeKind exchange, MergeKind merge) {
  Method made;
  made.name = made.label = "test";
  made.objective.kind = objective;
  made.objective.weight = 0.1;
  made.exchange.kind = exchange;
  made.merge.kind = merge;
  return made;
}

std::vector<Named> every_method() {
  using O = ObjectiveKind;
  using E = ExchangeKind;
  using M = MergeKind;
  std::vector<Named> all = {
      {"fedavg", method(O::cross_entropy, E::server, M::mean)},
      {"fedprox", method(O::proximal, E::server, M::mean)},
      {"fedavgm", method(O::cross_entropy, E::server, M::momentum)},
      {"fedadam", method(O::cross_entropy, E::server, M::adam)},
      {"scaffold", method(O::control_variates, E::server, M::variates)},
      {"fednova", method(O::cross_entropy, E::server, M::normalised)},
      {"feddyn", method(O::dynamic, E::server, M::dynamic)},
      {"moon", method(O::model_contrastive, E::server, M::mean)},
      {"heterofl", method(O::masked_cross_entropy, E::server, M::overlap_mean)},
      {"msfusion", method(O::contrastive, E::peers, M::overlap_mean)},
      {"dfedavg", method(O::cross_entropy, E::peers, M::gossip)},
      {"fedbuff", method(O::cross_entropy, E::asynchronous, M::staleness)},
      {"feddf", method(O::cross_entropy, E::server, M::distill)},
      {"dsfl", method(O::cross_entropy, E::logits, M::average_logits)},
      {"local", method(O::cross_entropy, E::none, M::none)},
      {"ditto", method(O::cross_entropy, E::server, M::mean), {PersonalKind::model, 1, 0.5}},
      {"fedper", method(O::cross_entropy, E::server, M::mean), {PersonalKind::head, 1, 1}},
      {"fedbn", method(O::cross_entropy, E::server, M::mean), {PersonalKind::norms, 1, 1}},
      {"diloco", method(O::cross_entropy, E::server, M::momentum), {}, OptimiserState::keep},
      {"diloco, everybody", method(O::cross_entropy, E::all, M::momentum), {}, OptimiserState::keep},
      {"streaming", method(O::cross_entropy, E::stream, M::fragments), {}, OptimiserState::keep},
      {"async-diloco", method(O::cross_entropy, E::asynchronous, M::delayed_nesterov), {}, OptimiserState::keep},
      {"data-parallel", method(O::gradient, E::all, M::gradients)},
      {"ditto, kept",
       method(O::cross_entropy, E::server, M::mean),
       {PersonalKind::model, 1, 0.5},
       OptimiserState::keep},
      {"fjord", method(O::cross_entropy, E::server, M::overlap_mean)},
      {"depthfl", method(O::mutual_exits, E::server, M::overlap_mean)},
      {"inclusivefl", method(O::cross_entropy, E::server, M::prefix_mean)},
      {"scalefl", method(O::taught_exits, E::server, M::overlap_mean)},
      {"fiarse", method(O::important_weights, E::server, M::changed_mean)},
      {"heterofl, averaged", method(O::masked_cross_entropy, E::server, M::overlap_mean), {}, OptimiserState::average},
  };
  for (auto& named : all) {
    named.method.personal = named.personal;
    named.method.state = named.state;
    named.method.exchange.fragments = 2;
    named.method.merge.momentum_every = 2;
    named.method.merge.open_samples = 20;
    named.method.merge.distill_steps = 3;
    if (std::string(named.name) == "fjord") named.method.split.nested = {{0.25, 0.5, 1}, true};
    if (named.method.merge.kind == M::changed_mean) named.method.importance.kept = {1, 0.5, 0.1};
    if (named.method.merge.kind == M::prefix_mean) named.method.split.exits.kind = ExitChoice::Kind::last;
    if (named.method.objective.kind == O::mutual_exits || named.method.objective.kind == O::taught_exits)
      named.method.split.exits.kind = ExitChoice::Kind::all;
    if (named.method.objective.kind == O::contrastive)
      named.method.objective.negatives = ObjectiveChoice::Negatives::both;
  }
  return all;
}

void take(World& world, const Method& chosen) {
  world.method = chosen;
  world.evaluation.personal = true;
  if (const ExitChoice::Kind kind = chosen.split.exits.kind; kind != ExitChoice::Kind::none)
    world.shape = with_exits(world.shape, {}, kind == ExitChoice::Kind::all,
                             chosen.objective.kind == ObjectiveKind::mutual_exits);
  keep_private(world.shape, chosen.personal, 0);
  world.training.momentum = 0.9;
}

World world_of(const Method& chosen) {
  CnnOptions cnn;
  cnn.channels = {4, 8};
  World world(images(4, 6, 1, 110, 60), cnn, 3, 20);
  take(world, chosen);
  return world;
}

// Sub-models where the method allows them; one device's messages are lost in the second round.
void play_round(Learner& learner, const World& world, int t) {
  const bool partial = world.method.merge.kind == MergeKind::overlap_mean;
  std::vector<WidthSlice> slices;
  const bool staged = !world.shape.stages.empty();
  for (int device = 0; device < world.devices(); ++device)
    slices.push_back(staged    ? fixed_slice(world.shape, partial ? 0.75 : 1, (device + t) % 2 == 0 ? 0.5 : 1)
                     : partial ? window_slice(world.shape, 0.5, device + t)
                               : full_slice(world.shape));
  const RoundPlan plan = world.round(t, slices);
  learner.start(plan, all_tasks(plan));
  auto deliveries =
      world.method.exchange.kind == ExchangeKind::peers
          ? to_all_peers(plan)
          : to_server(plan, facts_of(world.method.exchange.kind).all_reduces ? kEverybody : world.devices());
  if (t == 1) deliveries.pop_back();
  learner.merge(plan, deliveries);
}

// The state of another model's learner whose header claims this model.
std::string disguised(const Learner& other, const World& world) {
  std::string state = state_of(other);
  std::istringstream in(state);
  StateReader reader(in);
  reader.text();    // the program
  reader.number();  // the version
  reader.text();    // the method
  reader.number();  // the seed
  const std::int64_t size = ParameterLayout(world.shape, full_slice(world.shape)).size();
  return state.replace(static_cast<std::size_t>(in.tellg()), sizeof size, reinterpret_cast<const char*>(&size),
                       sizeof size);
}

std::string written(const std::function<void(StateWriter&)>& write) {
  std::ostringstream out;
  StateWriter writer(out);
  write(writer);
  return out.str();
}

std::string result_of(Learner& learner) {
  std::ostringstream out;
  const Evaluation scores = evaluate(learner);
  out << std::hexfloat << scores.global_accuracy << ' ' << scores.global_loss << ' ' << scores.submodel_loss.value_or(0)
      << ' ' << scores.disagreement.value_or(-1) << '\n';
  for (const PersonalScore& score : scores.personal)
    out << score.device << ' ' << score.accuracy << ' ' << score.loss << ' ' << score.global_accuracy << '\n';
  out << state_of(learner);
  return out.str();
}

}  // namespace

TEST_CASE("one worker, two workers and a resumed run give the same bits") {
  for (const Named& named : every_method()) {
    const Method& chosen = named.method;
    INFO(named.name);
    World world = world_of(chosen);
    const auto one = world.learner();
    world.workers = 2;
    const auto two = world.learner();
    auto resumed = world.learner();
    for (int t = 0; t < 4; ++t) {
      for (Learner* learner : {one.get(), two.get(), resumed.get()}) play_round(*learner, world, t);
      if (t % 2 == 1) {
        std::istringstream saved(state_of(*resumed));
        resumed = world.learner();
        resumed->restore(saved);
      }
    }
    const std::string expected = result_of(*one);
    REQUIRE((result_of(*two) == expected));
    REQUIRE((result_of(*resumed) == expected));
  }
}

TEST_CASE("devices that train in large groups, in small groups or alone give the same bits") {
  for (const Named& named : every_method()) {
    const Method& chosen = named.method;
    INFO(named.name);
    // Seven devices with unequal numbers of samples: groups of four and three, of two, and of one.
    World world(images(4, 6, 1, 150, 60), MlpOptions{{12, 9}}, 7, 20);
    take(world, chosen);
    world.training.momentum = 0.9;
    world.training.clip_norm = 1;
    std::vector<std::unique_ptr<Learner>> learners;
    for (const int workers : {1, 2, 4}) {
      world.workers = workers;
      learners.push_back(world.learner());
    }
    for (int t = 0; t < 3; ++t)
      for (const auto& learner : learners) play_round(*learner, world, t);
    const std::string expected = result_of(*learners.back());
    REQUIRE((result_of(*learners[0]) == expected));
    REQUIRE((result_of(*learners[1]) == expected));
  }
}

TEST_CASE("a state that declares more than it holds is refused before memory is allocated for it") {
  std::ostringstream out;
  StateWriter writer(out);
  writer.number(0);                      // a new tensor
  writer.number(0);                      // of floats
  writer.number(std::int64_t{1} << 60);  // so many
  for (const auto& read : std::vector<std::function<void(StateReader&)>>{[](StateReader& in) { in.tensor(); },
                                                                         [](StateReader& in) {
                                                                           in.number();
                                                                           in.number();
                                                                           in.text();
                                                                         },
                                                                         [](StateReader& in) {
                                                                           in.number();
                                                                           in.number();
                                                                           in.tensors();
                                                                         },
                                                                         [](StateReader& in) {
                                                                           in.number();
                                                                           in.number();
                                                                           in.slice();
                                                                         }}) {
    std::istringstream in(out.str());
    StateReader reader(in);
    CHECK_THROWS_WITH(read(reader), ContainsSubstring("promises"));
  }
}

TEST_CASE("trainings in flight are saved with the state") {
  World world = world_of(method(ObjectiveKind::cross_entropy, ExchangeKind::asynchronous, MergeKind::staleness));
  const auto unbroken = world.learner();
  auto resumed = world.learner();
  RoundPlan plan = world.round(0);
  plan.closing.keep_in_flight = true;
  RoundPlan next;
  next.round = 1;
  for (Learner* learner : {unbroken.get(), resumed.get()}) {
    learner->start(plan, all_tasks(plan));
    learner->merge(plan, {{1, 3}});
  }
  std::istringstream saved(state_of(*resumed));
  resumed = world.learner();
  resumed->restore(saved);
  for (Learner* learner : {unbroken.get(), resumed.get()}) REQUIRE(learner->merge(next, {{0, 3}, {2, 3}}).size() == 2);
  REQUIRE((result_of(*resumed) == result_of(*unbroken)));
}

TEST_CASE("trainings that can never be delivered are dropped and not saved") {
  World world = world_of(method(ObjectiveKind::cross_entropy, ExchangeKind::asynchronous, MergeKind::staleness));
  const auto learner = world.learner();
  RoundPlan plan = world.round(0);
  plan.closing.keep_in_flight = true;
  learner->start(plan, all_tasks(plan));
  learner->merge(plan, {{1, 3}});
  const std::string before = state_of(*learner);
  learner->keep_in_flight({0});
  CHECK(state_of(*learner).size() < before.size());
  RoundPlan next;
  next.round = 1;
  next.closing.keep_in_flight = true;
  CHECK(learner->merge(next, {{0, 3}}).size() == 1);
  CHECK_THROWS_AS(learner->merge(next, {{2, 3}}), std::logic_error);
}

TEST_CASE("a state that is truncated or of another run is refused") {
  World world = world_of(method(ObjectiveKind::cross_entropy, ExchangeKind::server, MergeKind::mean));
  const auto learner = world.learner();
  const std::string state = state_of(*learner);
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{5}, std::size_t{40}, state.size() / 2, state.size() - 1}) {
    std::istringstream cut(state.substr(0, length));
    REQUIRE_THROWS_AS(learner->restore(cut), RunError);
  }
  world.seed = 99;
  std::istringstream whole(state);
  REQUIRE_THROWS_WITH(world.learner()->restore(whole), ContainsSubstring("another seed"));
}

TEST_CASE("every method refuses a state whose tensors do not fit the model") {
  for (const Named& named : every_method()) {
    const Method& chosen = named.method;
    INFO(named.name);
    const World world = world_of(chosen);
    CnnOptions wider;
    wider.channels = {8, 8};
    World other(images(4, 6, 1, 110, 60), wider, 3, 20);
    take(other, chosen);
    const auto learner = other.learner();
    play_round(*learner, other, 0);
    std::istringstream state(disguised(*learner, world));
    CHECK_THROWS_WITH(world.learner()->restore(state), ContainsSubstring("where the model needs"));
  }
}

TEST_CASE("sub-models and tensors of another number, type or model are refused") {
  const World world = world_of(method(ObjectiveKind::cross_entropy, ExchangeKind::server, MergeKind::mean));
  const WidthSlice half = window_slice(world.shape, 0.5);
  WidthSlice wrong_size = half, one_axis_less = half, twice_the_same = half;
  wrong_size.axes.back() = IndexSet::window(0, 1, half.axes.back().size() + 1);
  one_axis_less.axes.pop_back();
  twice_the_same.axes.back() = IndexSet::subset({1, 1}, half.axes.back().size());
  for (const WidthSlice& slice : {wrong_size, one_axis_less, twice_the_same}) {
    std::istringstream in(written([&](StateWriter& out) { out.slice(slice); }));
    CHECK_THROWS_WITH(StateReader(in).slice(world.shape), ContainsSubstring("none of this model"));
  }

  const at::Tensor three = at::zeros({3});
  const auto refused = [](const std::function<void(StateWriter&)>& write, const std::function<void(StateReader&)>& read,
                          const std::string& says) {
    std::istringstream in(written(write));
    StateReader reader(in);
    CHECK_THROWS_WITH(read(reader), ContainsSubstring(says));
  };
  refused([&](StateWriter& out) { out.tensor(three); }, [](StateReader& in) { in.tensor(at::kFloat, 4); },
          "3 x Float where the model needs 4 x Float");
  refused([&](StateWriter& out) { out.tensor(three); }, [](StateReader& in) { in.tensor(at::kDouble, 3); },
          "3 x Float where the model needs 3 x Double");
  refused([&](StateWriter& out) { out.tensor({}); }, [](StateReader& in) { in.tensor(at::kFloat, 3); },
          "no tensor where the model needs 3 x Float");
  refused(
      [&](StateWriter& out) {
        out.tensors({three, three});
      },
      [](StateReader& in) {
        in.tensors({0, 3}, at::kFloat, 3);
      },
      "2 tensors where the method needs 0 or 3");

  Trained trained;
  trained.slice = half;
  trained.start = trained.values = at::zeros({ParameterLayout(world.shape, half).size()});
  const auto read = [&](StateReader& in) { read_trained(in, world.shape); };
  std::istringstream sound(written([&](StateWriter& out) { write(out, trained); }));
  StateReader reader(sound);
  CHECK_NOTHROW(read(reader));
  trained.variate_change = at::zeros({1});
  refused([&](StateWriter& out) { write(out, trained); }, read, "a tensor of 1 x Float");
  trained.variate_change = at::Tensor();
  trained.classes = {true};
  refused([&](StateWriter& out) { write(out, trained); }, read, "1 classes where the model has 4");
}

TEST_CASE("the description names the libraries that the last bits depend on") {
  const World world = world_of(method(ObjectiveKind::cross_entropy, ExchangeKind::server, MergeKind::mean));
  REQUIRE_THAT(world.learner()->description(), ContainsSubstring("LibTorch ") && ContainsSubstring("OpenBLAS"));
}

TEST_CASE("deployed peers refuse frozen layers, whose values they would not have") {
  World world(images(3, 6, 1, 30, 10), MlpOptions{{5}}, 2);
  const LearnerSetup setup{world.shape,  world.data, world.parts, world.training, world.evaluation, world.data_spec,
                           world.method, world.seed, 1,           nullptr};
  CHECK_NOTHROW(make_participant(setup, 0));
  world.training.train = {"classifier"};
  CHECK_THROWS_AS(make_participant(setup, 0), UserError);
  world.training.train.clear();
  world.training.adapters.rank = 2;
  CHECK_THROWS_AS(make_participant(setup, 0), UserError);
}
