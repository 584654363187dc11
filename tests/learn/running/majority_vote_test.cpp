#include "sim/learn/running/majority_vote.hpp"

#include <algorithm>

#include "sim/learn/running/message_sender.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

constexpr float kStep = 0.01F;

World world_of(int devices) {
  CnnOptions spec;
  spec.channels = {4, 8};
  World world(images(4, 8, 1, 90, 40), spec, devices);
  world.method.encoding.kind = EncodingKind::vote;
  world.method.encoding.vote_step = static_cast<double>(kStep);
  return world;
}

// Made-up models of the devices, and their messages.
struct Election {
  explicit Election(const World& of, const std::vector<WidthSlice>& slices)
      : world(of),
        run({world.shape, world.data, world.parts, world.training, world.evaluation, world.data_spec, world.method,
             world.seed, 1, nullptr}) {
    current = at::rand({run.full.size()}, at::make_generator<at::CPUGeneratorImpl>(5));
    const SendingContext context(run);
    for (std::size_t d = 0; d < slices.size(); ++d) {
      Trained trained;
      trained.task = static_cast<TaskId>(d);
      trained.device = static_cast<NodeId>(d);
      trained.slice = slices[d];
      trained.samples = 1 + static_cast<std::int64_t>(d);
      trained.start = gather(SliceMap(world.shape, run.full, trained.slice), current);
      trained.values =
          trained.start + at::randn({trained.start.numel()}, at::make_generator<at::CPUGeneratorImpl>(7 + d));
      own.push_back(trained);
      double error = 0;
      MessageSender sender;
      messages.push_back(sender.send(context, trained, error));
      arrivals.push_back(trained);
    }
  }

  Decision decide() const {
    return decide([](auto&) {});
  }
  template <class Reorder>
  Decision decide(Reorder reorder) const {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < arrivals.size(); ++i) order.push_back(i);
    reorder(order);
    std::vector<const Trained*> trained;
    std::vector<MessageBytes> bytes;
    for (const std::size_t i : order) {
      trained.push_back(&arrivals[i]);
      bytes.push_back(messages[i]);
    }
    return majority(run, trained, bytes, current);
  }

  // Calls visit(element of the full model, the devices' signs) for those of matrices.
  template <class Visit>
  void for_each_vote(Visit visit) const {
    std::vector<int> sums(static_cast<std::size_t>(run.full.size())), votes(sums.size());
    for (const Trained& trained : own)
      SliceMap(world.shape, run.full, trained.slice).for_each_run([&](int tensor, const Run& one) {
        if (world.shape.tensors[static_cast<std::size_t>(tensor)].dims.size() < 2) return;
        for (std::int64_t i = 0; i < one.length; ++i) {
          const float u =
              trained.values.data_ptr<float>()[one.part + i] - trained.start.data_ptr<float>()[one.part + i];
          sums[static_cast<std::size_t>(one.full + i)] += u >= 0 ? 1 : -1;
          ++votes[static_cast<std::size_t>(one.full + i)];
        }
      });
    for (std::size_t i = 0; i < sums.size(); ++i)
      if (votes[i] > 0) visit(i, sums[i]);
  }

  const World& world;
  const RunContext run;
  at::Tensor current;
  std::vector<Trained> own, arrivals;
  std::vector<MessageBytes> messages;
};

}  // namespace

TEST_CASE("the vote of one device is its signs, that of several the majority, and a tie is +1") {
  for (const int devices : {1, 3, 4}) {
    const World world = world_of(devices);
    const Election election(world, std::vector<WidthSlice>(static_cast<std::size_t>(devices), full_slice(world.shape)));
    const Decision decision = election.decide();
    const float *before = election.current.data_ptr<float>(), *after = decision.model.values.data_ptr<float>(),
                *told = decision.told.data_ptr<float>();
    int seen = 0;
    election.for_each_vote([&](std::size_t i, int sum) {
      ++seen;
      REQUIRE(after[i] == before[i] + (sum >= 0 ? kStep : -kStep));
      REQUIRE(told[i] == (sum >= 0 ? 1.0F : -1.0F));
    });
    REQUIRE(seen > 0);
  }
}

TEST_CASE("on slices those vote that hold an element, and others keep theirs") {
  const World world = world_of(2);
  const Election election(world, {window_slice(world.shape, 0.5, 0), window_slice(world.shape, 0.5, 1)});
  const Decision decision = election.decide();
  const float *before = election.current.data_ptr<float>(), *after = decision.model.values.data_ptr<float>();
  std::vector<bool> voted(static_cast<std::size_t>(election.run.full.size()));
  election.for_each_vote([&](std::size_t i, int sum) {
    voted[i] = true;
    REQUIRE(after[i] == before[i] + (sum >= 0 ? kStep : -kStep));
  });
  REQUIRE(std::count(voted.begin(), voted.end(), true) > 0);
  int kept = 0;
  for (std::size_t i = 0; i < voted.size(); ++i) kept += after[i] == before[i] ? 1 : 0;
  REQUIRE(kept > 0);
}

TEST_CASE("who votes first does not matter, and the vectors are the weighted mean") {
  const World world = world_of(3);
  const Election election(world, std::vector<WidthSlice>(3, full_slice(world.shape)));
  const Decision decision = election.decide(),
                 reversed = election.decide([](auto&order) { std::reverse(order.begin(), order.end()); });
  REQUIRE(at::allclose(decision.model.values, reversed.model.values, 0, 1e-6));
  for (int t = 0; t < election.run.full.tensors(); ++t) {
    if (world.shape.tensors[static_cast<std::size_t>(t)].dims.size() > 1) continue;
    const TensorSlot& slot = election.run.full.slot(t);
    for (std::int64_t i = slot.offset; i < slot.offset + slot.count; ++i) {
      double mean = 0;
      for (const Trained& trained : election.own)
        mean += static_cast<double>(trained.samples) / 6 * static_cast<double>(trained.values.data_ptr<float>()[i]);
      REQUIRE(decision.model.values.data_ptr<float>()[i] == Approx(mean));
    }
  }
}

TEST_CASE("a run that votes moves every coded element by the step, each round") {
  const World world = world_of(3);
  const auto learner = world.learner();
  const std::vector<float> before = learner->parameters(3, full_slice(world.shape));
  play(*learner, world, 1);
  const std::vector<float> after = learner->parameters(3, full_slice(world.shape));
  const auto moved = std::count_if(after.begin(), after.end(), [&, i = std::size_t{0}](float value) mutable {
    return std::abs(value - before[i++]) == Approx(kStep).margin(1e-6);
  });
  std::int64_t coded = 0;
  for (const TensorExtent& extent : tensor_extents(world.shape, full_slice(world.shape)))
    coded += extent.is_vector ? 0 : extent.elements();
  CHECK(moved >= coded);
}
