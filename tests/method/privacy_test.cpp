// Differential privacy under a method: where it has no place, what its guarantee rests on, and what it costs.
#include "sim/base/error.hpp"
#include "sim/method/planner.hpp"
#include "sim/method/privacy_terms.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

Method clipped(const char* name) {
  Method method = method_named(name);
  method.privacy.clip = 1;
  return method;
}

}  // namespace

TEST_CASE("where a noised sum of clipped updates has no place, the refusal says why") {
  const auto [name, says] = GENERATE(table<const char*, const char*>({
      {"msfusion", "neighbours see each other's models"},
      {"dpsgd", "neighbours see each other's models"},
      {"fedasync", "there is no sampling rate"},
      {"fedbuff", "there is no sampling rate"},
      {"splitfed", "activations and gradients of single samples"},
      {"dsfl", "predictions are sent"},
      {"local", "nothing is sent"},
      {"centralised", "the samples themselves are sent"},
      {"scaffold", "control variates are sent beside the updates"},
      {"fednova", "tell how much data a device has"},
      {"feddyn", "moves add up over the rounds"},
      {"fedavg-distill", "distils from every device's own model"},
  }));
  CHECK_THAT(privacy_contradiction(clipped(name)).first, ContainsSubstring(says));
  CHECK(privacy_contradiction(method_named(name)).first.empty());
  Method vote = clipped("fedavg");
  vote.encoding.kind = EncodingKind::vote;
  CHECK_THAT(privacy_contradiction(vote).first, ContainsSubstring("votes are no sum of updates"));
}

TEST_CASE("methods whose server adds up updates can be private") {
  for (const char* name :
       {"fedavg", "narrow", "fedprox", "fedavgm", "fedadam", "moon", "heterofl", "fedrolex", "feddropout"})
    CHECK(privacy_contradiction(clipped(name)).first.empty());
}

TEST_CASE("the sampling rate is the cohort's share of the devices, and 1 without a cohort") {
  Bench bench(clipped("fedavg"), 8);
  CHECK(Planner(bench.setup()).privacy()->rate == 1);
  bench.method.exchange.cohort = 2;
  Planner planner(bench.setup());
  CHECK(planner.privacy()->rate == 0.25);
  CHECK(planner.plan(0).private_cohort == 2);
  bench.method.privacy.clip.reset();
  CHECK_FALSE(Planner(bench.setup()).privacy().has_value());
  CHECK(Planner(bench.setup()).plan(0).private_cohort == 0);
}

TEST_CASE("a device without enough memory is no user whose chance counts") {
  Bench bench(clipped("fedavg"), 8);
  bench.method.exchange.cohort = 2;
  bench.constraints.memory = ConstraintOptions::Memory::exclude;
  for (std::size_t n = 0; n < 8; ++n) bench.fleet.devices[n].memory_bytes = n < 4 ? 1e9 : 10;
  CHECK(Planner(bench.setup()).privacy()->rate == 0.5);
}

TEST_CASE("a clip that moves needs rounds that are large enough for its noise") {
  Bench bench(clipped("fedavg"), 8);
  bench.method.privacy.noise = 1;
  bench.method.privacy.delta = 1e-5;
  CHECK_NOTHROW(Planner(bench.setup()));
  bench.method.privacy.clip_quantile = 0.5;
  CHECK_THROWS_WITH(Planner(bench.setup()),
                    ContainsSubstring("in rounds of 8 devices") && ContainsSubstring("below 0.8"));
  bench.method.privacy.noise = 0.7;
  CHECK_NOTHROW(Planner(bench.setup()));
}

TEST_CASE("shortening an update reads and writes it, and needs the model that it started from") {
  Bench plain(method_named("fedavg")), bench(clipped("fedavg"));
  for (Bench* one : {&plain, &bench}) one->fleet.devices[0].memory_bandwidth = 1e9;
  const PlannerSetup plain_setup = plain.setup(), setup = bench.setup();
  TaskCosts without(plain_setup), with(setup);
  const WidthSlice full = full_slice(bench.shape);
  const double parameters = static_cast<double>(parameter_count(bench.shape, full));
  CHECK(with.coding_seconds(full, 0) == Approx(5 * 4 * parameters / 1e9));
  CHECK(with.peak_memory_bytes(0, full) == without.peak_memory_bytes(0, full) + 4 * parameters);
  CHECK(with.up(full).bytes == without.up(full).bytes);
}
