// MSfusion's exchange: what devices know when everything arrives, and when it does not.
#include <sstream>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/running/state_file.hpp"
#include "sim/learn/training/initial.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

struct PeerValues {
  at::Tensor shared, shared_trained;
  std::vector<at::Tensor> views, trained;
};

PeerValues values_of(const Learner& learner) {
  std::istringstream in(state_of(learner));
  StateReader reader(in);
  reader.text(), reader.number(), reader.text(), reader.number(), reader.number(), reader.number();
  PeerValues values;
  values.shared = reader.tensor();
  values.shared_trained = reader.tensor();
  values.views = reader.tensors();
  values.trained = reader.tensors();
  return values;
}

World world_of() {
  World world(images(4, 6, 1, 80, 20), MlpOptions{{8, 8}}, 4);
  world.method.exchange.kind = ExchangeKind::peers;
  world.method.merge.kind = MergeKind::overlap_mean;
  world.method.merge.weights = MergeChoice::Weights::uniform;
  return world;
}

std::vector<WidthSlice> shifted(const Shape& shape, double rate, int shift) {
  std::vector<WidthSlice> slices;
  for (int device = 0; device < 4; ++device) slices.push_back(window_slice(shape, rate, 2 * device + shift));
  return slices;
}

RoundPlan plan_of(const World& world, int round, double rate = 0.5) {
  RoundPlan plan = world.round(round, shifted(world.shape, rate, round));
  plan.next_slices = shifted(world.shape, rate, round + 1);
  return plan;
}

}  // namespace

TEST_CASE("peers that receive every message share one view") {
  const World world = world_of();
  const auto learner = world.learner();
  for (int t = 0; t < 2; ++t) {
    const RoundPlan plan = plan_of(world, t, 0.25);
    learner->start(plan, all_tasks(plan));
    REQUIRE(learner->merge(plan, to_all_peers(plan)).size() == 4);
  }
  REQUIRE(values_of(*learner).views.empty());
  REQUIRE(*evaluate(*learner).disagreement == 0.0);
}

TEST_CASE("elements that nobody trained keep their initial value") {
  const World world = world_of();
  const auto learner = world.learner();
  const RoundPlan plan = plan_of(world, 0, 0.25);
  learner->start(plan, all_tasks(plan));
  learner->merge(plan, to_all_peers(plan));
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, full, world.seed);
  const PeerValues values = values_of(*learner);
  const at::Tensor untouched = values.shared_trained == -1;
  REQUIRE(untouched.any().item<bool>());
  REQUIRE(values.shared_trained.eq(0).any().item<bool>());
  REQUIRE(at::equal(values.shared.masked_select(untouched), start.masked_select(untouched)));
  REQUIRE_FALSE(at::equal(values.shared, start));
}

TEST_CASE("equation 5 as printed adds a device's own value once for each peer that trained the element") {
  World world = world_of();
  const auto once = world.learner();
  world.method.merge.own_weight = MergeChoice::OwnWeight::per_peer;
  const auto per_peer = world.learner();
  const RoundPlan plan = plan_of(world, 0);
  for (const auto& learner : {once.get(), per_peer.get()}) {
    learner->start(plan, all_tasks(plan));
    learner->merge(plan, to_all_peers(plan));
  }
  const PeerValues mean = values_of(*once), printed = values_of(*per_peer);
  REQUIRE(at::equal(printed.shared, mean.shared));
  REQUIRE(printed.views.size() == 4);

  // What each device trained, from a merge that no message reached.
  const auto alone = world.learner();
  alone->start(plan, all_tasks(plan));
  alone->merge(plan, {});
  const PeerValues own = values_of(*alone);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  std::vector<at::Tensor> trained(4, at::zeros({full.size()}));
  at::Tensor count = at::zeros({full.size()});
  for (std::size_t device = 0; device < 4; ++device) {
    const SliceMap map(world.shape, full, plan.tasks[device].slice);
    trained[device] = at::zeros({full.size()});
    scatter(map, at::ones({map.part_size()}), trained[device]);
    count = count + trained[device];
  }
  REQUIRE(count.max().item<double>() > 2);
  for (std::size_t device = 0; device < 4; ++device) {
    at::Tensor sum = at::zeros({full.size()});  // over the other devices of theta_s + theta_n
    for (std::size_t peer = 0; peer < 4; ++peer)
      if (peer != device) sum = sum + trained[peer] * (own.views[peer] + own.views[device]);
    const at::Tensor others = count - trained[device];
    const at::Tensor expected = at::where(others.gt(0), sum / (others + 1), own.views[device]);
    const at::Tensor held = trained[device].eq(1);
    CHECK(at::allclose(printed.views[device].masked_select(held), expected.masked_select(held), 1e-5, 1e-6));
    CHECK(at::equal(printed.views[device].masked_select(held.logical_not()),
                    mean.shared.masked_select(held.logical_not())));
  }
}

TEST_CASE("a peer that misses a message takes the mean of what it has, and full contact ends the disagreement") {
  const World world = world_of();
  const auto complete = world.learner();
  const auto lossy = world.learner();
  const RoundPlan plan = plan_of(world, 0);
  complete->start(plan, all_tasks(plan));
  complete->merge(plan, to_all_peers(plan));
  lossy->start(plan, all_tasks(plan));
  auto deliveries = to_all_peers(plan);
  // Device 1 does not receive device 0's message.
  deliveries.erase(std::find_if(deliveries.begin(), deliveries.end(),
                                [&](const Delivery& d) { return d.task == plan.tasks[0].id && d.to == 1; }));
  lossy->merge(plan, deliveries);
  const PeerValues all = values_of(*complete), some = values_of(*lossy);
  REQUIRE(some.views.size() == 4);
  for (const std::size_t device : {0u, 2u, 3u}) REQUIRE(at::equal(some.views[device], all.shared));
  REQUIRE(at::equal(some.shared, all.shared));

  const ParameterLayout full(world.shape, full_slice(world.shape));
  at::Tensor held = at::zeros({full.size()});
  at::Tensor others = at::zeros({full.size()});
  for (std::size_t device = 0; device < 4; ++device) {
    const SliceMap map(world.shape, full, plan.tasks[device].slice);
    scatter(map, at::ones({map.part_size()}), device == 0 ? held : others);
  }
  // Device 1 does not know elements that only device 0 trained; elements that device 0 did not train are equal for all.
  const at::Tensor only_lost = held.eq(1).logical_and(others.eq(0));
  const at::Tensor start = initial_values(world.shape, full, world.seed);
  REQUIRE(only_lost.any().item<bool>());
  REQUIRE(at::equal(some.views[1].masked_select(only_lost), start.masked_select(only_lost)));
  REQUIRE(at::equal(some.views[1].masked_select(held.eq(0)), all.shared.masked_select(held.eq(0))));
  REQUIRE_FALSE(at::equal(some.views[1], all.shared));
  REQUIRE(*evaluate(*lossy).disagreement > 0);

  const RoundPlan next = plan_of(world, 1);
  lossy->start(next, all_tasks(next));
  lossy->merge(next, to_all_peers(next));
  REQUIRE(values_of(*lossy).views.empty());
  REQUIRE(*evaluate(*lossy).disagreement == 0.0);
}

TEST_CASE("an absent device keeps its values and gets the freshest ones when it returns") {
  const World world = world_of();
  const auto learner = world.learner();
  RoundPlan plan = plan_of(world, 0);
  plan.tasks.pop_back();
  plan.next_slices.pop_back();
  learner->start(plan, all_tasks(plan));
  REQUIRE(learner->merge(plan, to_all_peers(plan)).size() == 3);
  const PeerValues away = values_of(*learner);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  REQUIRE(at::equal(away.views[3], initial_values(world.shape, full, world.seed)));
  REQUIRE(at::equal(away.views[0], away.views[2]));

  RoundPlan back = plan_of(world, 1);
  learner->start(back, all_tasks(back));
  // It receives device 0's message only.
  learner->merge(back, {{back.tasks[0].id, 3}});
  const PeerValues values = values_of(*learner);
  const SliceMap next(world.shape, full, back.next_slices[3]);
  const at::Tensor fresh = gather(next, away.trained[0].to(at::kFloat)).eq(0);
  at::Tensor touched = at::zeros({full.size()});
  for (const std::size_t device : {0u, 3u}) {
    const SliceMap map(world.shape, full, back.tasks[device].slice);
    scatter(map, at::ones({map.part_size()}), touched);
  }
  // Needed, trained in round 0 by others, not trained now: device 0's value of round 0.
  const at::Tensor recovered = fresh.logical_and(gather(next, touched).eq(0));
  REQUIRE(recovered.any().item<bool>());
  REQUIRE(at::equal(gather(next, values.views[3]).masked_select(recovered),
                    gather(next, away.views[0]).masked_select(recovered)));
}

TEST_CASE("where not all are neighbours a device knows what it trained and what it was sent, and nothing else") {
  World world = world_of();
  world.method.exchange.graph = PeerGraph::ring;
  const auto learner = world.learner();
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, full, world.seed);
  const RoundPlan plan = plan_of(world, 0);
  const auto holds = [&](const WidthSlice& slice) {
    at::Tensor held = at::zeros({full.size()});
    const SliceMap map(world.shape, full, slice);
    scatter(map, at::ones({map.part_size()}), held);
    return held.eq(1);
  };
  // In a ring of four, device 0 hears from 1 and 3.
  std::vector<Delivery> deliveries;
  for (const auto& [from, to] : {std::pair<int, int>{0, 1}, {0, 3}, {1, 0}, {1, 2}, {2, 1}, {2, 3}, {3, 2}, {3, 0}})
    deliveries.push_back({plan.tasks[static_cast<std::size_t>(from)].id, to});
  learner->start(plan, all_tasks(plan));
  learner->merge(plan, deliveries);
  const at::Tensor view = values_of(*learner).views[0];

  // What each device trained, from a merge that no message reached.
  const auto alone = world.learner();
  alone->start(plan, all_tasks(plan));
  alone->merge(plan, {});
  const std::vector<at::Tensor> own = values_of(*alone).views;
  at::Tensor sum = at::zeros({full.size()}), count = at::zeros({full.size()});
  for (const std::size_t device : {0u, 1u, 3u}) {
    const at::Tensor held = holds(plan.tasks[device].slice).to(at::kFloat);
    sum = sum + held * own[device];
    count = count + held;
  }
  const at::Tensor next = holds(plan.next_slices[0]), trained = holds(plan.tasks[0].slice), sent = count.gt(0);
  const auto equal = [&](const at::Tensor& where, const at::Tensor& expected) {
    REQUIRE(where.any().item<bool>());
    return at::allclose(view.masked_select(where), expected.masked_select(where), 1e-5, 1e-7);
  };
  CHECK(equal(next.logical_and(sent), sum / count));
  CHECK(equal(next.logical_not().logical_and(trained), own[0]));
  CHECK(equal(next.logical_not().logical_and(trained.logical_not()).logical_and(sent), start));
}
