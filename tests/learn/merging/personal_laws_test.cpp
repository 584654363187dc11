// What a device keeps to itself: models of its own beside the shared one, layers and norms that are never sent.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <sstream>

#include "sim/data/test_parts.hpp"
#include "sim/learn/running/state_file.hpp"
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

World world_of(PersonalKind kind, int layers = 1) {
  CnnOptions cnn;
  cnn.channels = {4, 8};
  World world(images(4, 8, 1, 90, 80), cnn, 3);
  world.method.personal = {kind, layers, 1};
  world.evaluation.personal = true;
  keep_private(world.shape, world.method.personal, 0);
  return world;
}

StateReader model_first(std::istringstream& in) {
  StateReader reader(in);
  reader.text(), reader.number(), reader.text(), reader.number(), reader.number(), reader.number();
  return reader;
}

// The server's model, or the first device's where devices have their own.
at::Tensor server_model(const Learner& learner) {
  std::istringstream in(state_of(learner));
  return model_first(in).tensor();
}

std::vector<float> model_of(const Learner& learner, const World& world, NodeId device) {
  return learner.parameters(device, full_slice(world.shape));
}

std::unique_ptr<Learner> played(const World& world, int rounds = 3) {
  auto learner = world.learner();
  play(*learner, world, rounds);
  return learner;
}

World alone(World world) {
  world.method.personal = {};
  for (ParameterTensor& tensor : world.shape.tensors) tensor.is_private = false;
  world.method.exchange.kind = ExchangeKind::none;
  world.method.merge.kind = MergeKind::none;
  return world;
}

std::vector<double> accuracies(const Evaluation& evaluation) {
  std::vector<double> all;
  for (const PersonalScore& score : evaluation.personal) all.push_back(score.accuracy);
  return all;
}

}  // namespace

TEST_CASE("Ditto's shared model is FedAvg's, to the bit") {
  const World ditto = world_of(PersonalKind::model), fedavg = world_of(PersonalKind::none);
  CHECK(at::equal(server_model(*played(ditto)), server_model(*played(fedavg))));
}

TEST_CASE(
    "Ditto's own models without a pull are those of training alone, and a strong pull holds them at the shared one") {
  World ditto = world_of(PersonalKind::model);
  const auto own_of = [&](double pull) {
    ditto.method.personal.pull = pull;
    return accuracies(evaluate(*played(ditto)));
  };
  const Evaluation by_themselves = evaluate(*played(alone(ditto)));
  const std::vector<double> free = own_of(0);
  REQUIRE(free.size() == 3);
  CHECK(free == accuracies(by_themselves));
  // What a device has for its own follows from losses, which are finer than accuracies.
  ditto.method.personal.pull = 0;
  const Evaluation own = evaluate(*played(ditto));
  for (std::size_t i = 0; i < 3; ++i) CHECK(own.personal[i].loss == by_themselves.personal[i].loss);
  ditto.method.personal.pull = 1 / ditto.training.learning_rate;  // every step ends at w - rate g(v)
  const Evaluation held = evaluate(*played(ditto));
  for (std::size_t i = 0; i < 3; ++i) CHECK(held.personal[i].loss != own.personal[i].loss);
}

TEST_CASE("Ditto's own model takes the step that the paper writes") {
  World world(images(3, 6, 1, 16, 10), MlpOptions{{5}}, 1);
  world.training.batch = 16;
  world.evaluation.personal = true;
  world.method.personal = {PersonalKind::model, 1, 0.5};
  const auto own_after = [&](int rounds) {
    const auto learner = world.learner();
    play(*learner, world, rounds);
    std::istringstream in(state_of(*learner));
    StateReader reader = model_first(in);
    const at::Tensor shared = reader.tensor();
    // The devices' slices, then previous and received models, of which there are none.
    reader.number(), reader.number(), reader.slice(world.shape), reader.number(), reader.number();
    REQUIRE(reader.number() == 1);
    reader.number();
    return std::pair(shared, reader.tensor());
  };
  const auto [w1, v1] = own_after(1);
  CHECK(at::equal(w1, v1));  // in the first round both begin with the start values, where the pull is 0
  const auto [w2, v2] = own_after(2);
  CHECK(at::equal(w2, v2));
  world.training.local_steps = 2;
  const auto [w, v] = own_after(1);
  // The second step is pulled back by rate x pull x the first step.
  CHECK(at::allclose(
      v,
      w - 0.05 * 0.5 *
              (w1 - initial_values(world.shape, ParameterLayout(world.shape, full_slice(world.shape)), world.seed)),
      1e-5, 1e-6));
  CHECK_FALSE(at::equal(v, w));
}

TEST_CASE("FedPer without a head is FedAvg, and with nothing but a head everybody trains alone") {
  CHECK(at::equal(server_model(*played(world_of(PersonalKind::head, 0))),
                  server_model(*played(world_of(PersonalKind::none)))));
  const World all = world_of(PersonalKind::head, 5);  // two convolutions, their norms and the classifier
  for (const ParameterTensor& tensor : all.shape.tensors) REQUIRE(tensor.is_private);
  const World apart = alone(all);
  const auto fedper = played(all), by_themselves = played(apart);
  for (NodeId device = 0; device < 3; ++device)
    CHECK(model_of(*fedper, all, device) == model_of(*by_themselves, apart, device));
}

TEST_CASE("a head of more layers than the model has is refused with the number that it has") {
  World world = world_of(PersonalKind::none);
  CHECK_THROWS_WITH(keep_private(world.shape, {PersonalKind::head, 6, 1}, 7), ContainsSubstring("0 to 5"));
}

TEST_CASE("FedBN keeps the norms alone, and is FedAvg where there are none") {
  const World world = world_of(PersonalKind::norms);
  int kept = 0;
  for (const ParameterTensor& tensor : world.shape.tensors) kept += tensor.is_private ? 1 : 0;
  CHECK(kept == 4);  // weight and bias of two norms
  World plain(images(3, 6, 1, 30, 30), MlpOptions{{5}}, 3);
  const at::Tensor fedavg = server_model(*played(plain));
  plain.method.personal.kind = PersonalKind::norms;
  keep_private(plain.shape, plain.method.personal, 0);
  CHECK(at::equal(server_model(*played(plain)), fedavg));
}

TEST_CASE("nobody else ever sees what a device keeps, whatever the merge and the encoding") {
  const auto [kind, layers] = GENERATE(std::pair(PersonalKind::head, 1), std::pair(PersonalKind::norms, 1));
  World world = world_of(kind, layers);
  world.method.merge.kind = GENERATE(MergeKind::mean, MergeKind::momentum, MergeKind::adam, MergeKind::normalised);
  world.method.encoding.kind = GENERATE(EncodingKind::none, EncodingKind::int8, EncodingKind::topk);
  const auto learner = world.learner();
  for (int round = 0; round < 3; ++round) {
    const RoundPlan plan = world.round(round);
    learner->start(plan, all_tasks(plan));
    std::vector<Delivery> deliveries = to_server(plan, world.devices());
    if (round == 1) deliveries.pop_back();  // a lost message takes nothing from the device that sent it
    learner->merge(plan, deliveries);
  }
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, layout, world.seed), server = server_model(*learner);
  const auto first = model_of(*learner, world, 0), second = model_of(*learner, world, 1);
  SliceMap(world.shape, layout, full_slice(world.shape))
      .for_each_run([&, at = std::size_t{0}](int tensor, const Run& run) mutable {
        for (std::int64_t i = 0; i < run.length; ++i, ++at) {
          const float value = server.data_ptr<float>()[run.full + i];
          if (world.shape.tensors[static_cast<std::size_t>(tensor)].is_private) {
            REQUIRE(value == start.data_ptr<float>()[run.full + i]);
          } else {
            REQUIRE((first[at] == value && second[at] == value));
          }
        }
      });
  CHECK(first != second);
}

TEST_CASE("devices with equal data and everything shared have the global model's scores on their parts") {
  const World world = world_of(PersonalKind::none);
  const Evaluation evaluation = evaluate(*played(world));
  REQUIRE(evaluation.personal.size() == 3);
  double right = 0, samples = 0;
  for (const PersonalScore& score : evaluation.personal) {
    CHECK(score.accuracy == score.global_accuracy);
    right += score.accuracy * static_cast<double>(score.samples);
    samples += static_cast<double>(score.samples);
  }
  // The parts make up the test split.
  CHECK(samples == 80);
  CHECK(right / samples == Approx(evaluation.global_accuracy));
}

TEST_CASE("a part of the test split has the mixture of its device's training samples") {
  Dataset data = images(4, 6, 1, 400, 203);
  Partition parts;
  parts.samples.resize(3);
  // Class 0 is the first device's alone, class 1 nobody's, the others are dealt 1 : 3.
  std::vector<int> seen(4);
  for (std::int32_t i = 0; i < 400; ++i) {
    const int label = data.train_images.labels[static_cast<std::size_t>(i)];
    if (label == 1) continue;
    const std::size_t device = label == 0 ? 0 : seen[static_cast<std::size_t>(label)]++ % 4 == 0 ? 1 : 2;
    parts.samples[device].push_back(i);
  }
  const auto counts = [&](const std::vector<std::int32_t>& samples, const ImageSet& set) {
    std::vector<double> result(4);
    for (const std::int32_t i : samples) ++result[static_cast<std::size_t>(set.labels[static_cast<std::size_t>(i)])];
    return result;
  };
  std::vector<std::int32_t> all(203);
  std::iota(all.begin(), all.end(), 0);
  const std::vector<double> tested = counts(all, data.test_images);
  const auto cut = test_parts(data, parts, false, 1);
  std::set<std::int32_t> dealt;
  for (std::size_t device = 0; device < 3; ++device) {
    const auto held = counts(parts.samples[device], data.train_images), got = counts(cut[device], data.test_images);
    CHECK(std::is_sorted(cut[device].begin(), cut[device].end()));
    dealt.insert(cut[device].begin(), cut[device].end());
    for (std::size_t c = 0; c < 4; ++c) {
      double total = 0;
      for (const auto& part : parts.samples) total += counts(part, data.train_images)[c];
      CHECK(std::abs(got[c] - (total > 0 ? tested[c] * held[c] / total : 0)) < 1);
    }
  }
  CHECK(static_cast<double>(dealt.size()) == 203 - tested[1]);
  CHECK(test_parts(data, parts, false, 1) == cut);
  CHECK(test_parts(data, parts, false, 2) != cut);
  const Dataset words = text(9, 5, 40, 30);
  Partition windows;
  windows.samples = {std::vector<std::int32_t>(10), std::vector<std::int32_t>(30)};
  const auto blocks = test_parts(words, windows, true, 1);
  CHECK(blocks[0] == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5, 6});
  CHECK(blocks[1].size() == 23);
}
