// What encodings change in a plan: bytes, the time of coding, memory, and what does not go together.
#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "sim/method/planner.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

Method coded(const char* name, EncodingKind kind, EncodingKind down = EncodingKind::none) {
  Method method = method_named(name);
  method.encoding.kind = kind;
  method.encoding.down = down;
  return method;
}

std::vector<Objection> objections(const char* name, const std::map<std::string, std::string>& attributes) {
  std::map<std::string, GivenAttributes::Value> values;
  for (const auto& [attribute, value] : attributes) values[attribute] = {value, value};
  GivenAttributes given("method", values);
  read_method(name, given);
  return given.objections();
}

// Of the common elements of two slices of the small cnn, counted index by index.
double int8_bytes(const WidthSlice& a, const WidthSlice& b) {
  const Bench bench(method_named("fedavg"));
  double bytes = 0;
  for (const ParameterTensor& tensor : bench.shape.tensors) {
    double common = 1;
    for (const Dim& dim : tensor.dims) {
      const auto left = sliced_indices(dim, a), right = sliced_indices(dim, b);
      common *= static_cast<double>(std::count_if(right.begin(), right.end(), [&](std::int64_t index) {
        return std::find(left.begin(), left.end(), index) != left.end();
      }));
    }
    if (common > 0) bytes += tensor.dims.size() > 1 ? common + 8 : 4 * common;
  }
  return bytes;
}

// Bytes of the small cnn's tensors: convolutions 8 x 9 and 12 x 72, the classifier 3 x 12, 43 elements of vectors.
constexpr double kSigns = 9 + 4 + 108 + 4 + 5 + 4 + 4 * 43;

}  // namespace

TEST_CASE("a plan charges the encoded bytes both ways, and knows the plain ones") {
  const Bench bench(coded("fedavg", EncodingKind::sign, EncodingKind::fp16));
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  const double parameters = static_cast<double>(parameter_count(bench.shape, full_slice(bench.shape)));
  REQUIRE(parameters == 72 + 864 + 36 + 43);
  CHECK(bytes_of_pair(plan, 4, 2, Cargo::model) == 2 * parameters);
  CHECK(bytes_of_pair(plan, 2, 4, Cargo::trained) == kSigns);
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) CHECK(transfer->plain_bytes == 4 * parameters);
}

TEST_CASE("a slice's message is that of the slice") {
  Method method = coded("heterofl", EncodingKind::int8);
  method.split.rate.kind = RateChoice::Kind::given;
  method.split.rate.levels = {0.5};
  const Bench bench(method);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  CHECK(bytes_of_pair(plan, 2, 4, Cargo::trained) == 4 * 9 + 6 * 36 + 3 * 6 + 3 * 8 + 4 * (2 * 4 + 2 * 6 + 3));
}

TEST_CASE("SCAFFOLD's variates are encoded like its models") {
  const Bench one(coded("fedavg", EncodingKind::fp16)), two(coded("scaffold", EncodingKind::fp16));
  Planner fedavg(one.setup()), scaffold(two.setup());
  CHECK(bytes_of_pair(scaffold.plan(0), 0, 4, Cargo::trained) ==
        2 * bytes_of_pair(fedavg.plan(0), 0, 4, Cargo::trained));
}

TEST_CASE("at the edge devices' messages are encoded, and the sum is sent as floats") {
  Method method = coded("fedavg", EncodingKind::sign);
  method.exchange.kind = ExchangeKind::edge;
  Bench bench(method);
  Device aggregator;
  aggregator.name = "edge";
  bench.fleet.aggregators = {aggregator};
  for (Device& device : bench.fleet.devices) device.aggregator = 5;
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  CHECK(bytes_of_pair(plan, 2, 5, Cargo::partial) == kSigns);
  CHECK(bytes_of_pair(plan, 5, 4, Cargo::sum) == 4 * 1015);
}

TEST_CASE("coding takes the device the time that its memory needs to read and write") {
  Bench plain(method_named("fedavg")), signs(coded("fedavg", EncodingKind::sign, EncodingKind::fp16));
  for (Bench* bench : {&plain, &signs}) bench->fleet.devices[0].memory_bandwidth = 1e9;
  const PlannerSetup plain_setup = plain.setup(), sign_setup = signs.setup();
  TaskCosts without(plain_setup), with(sign_setup);
  const WidthSlice full = full_slice(plain.shape);
  const double coded_elements = 72 + 864 + 36, elements = coded_elements + 43;
  // Four reads to encode, six for the residual, the message; the received half floats and what they become.
  const double bytes = 4 * coded_elements * 10 + (9 + 4 + 108 + 4 + 5 + 4) + 6 * elements;
  CHECK(with.coding_seconds(full, 0) == Approx(bytes / 1e9));
  CHECK(with.coding_seconds(full, 1) == 0);  // states no bandwidth
  CHECK(without.coding_seconds(full, 0) == 0);
  CHECK(with.work_flops(with.task(0, 1, full), 0) ==
        Approx(without.work_flops(without.task(0, 1, full), 0) + bytes / 1e9 * 1e9));
}

TEST_CASE("PowerSGD's products take the device's speed") {
  Bench bench(coded("fedavg", EncodingKind::powersgd));
  bench.method.encoding.rank = 1;
  const PlannerSetup setup = bench.setup();
  TaskCosts costs(setup);
  // The first and the last tensor are too small: 72 <= 2 (8 + 9) is not so, 36 <= 2 (3 + 12) neither.
  CHECK(costs.coding_seconds(full_slice(bench.shape), 0) == Approx(3 * 2 * (72 + 864 + 36) / 1e9));
}

TEST_CASE("residuals and references are in a device's memory") {
  const Bench plain(method_named("fedavg")), int8(coded("fedavg", EncodingKind::int8)),
      signs(coded("fedavg", EncodingKind::sign)), rolling(coded("fedrolex", EncodingKind::sign));
  const auto memory = [](const Bench& bench, double rate) {
    const PlannerSetup setup = bench.setup();
    TaskCosts costs(setup);
    return costs.peak_memory_bytes(0, fixed_slice(bench.shape, rate));
  };
  const double residual = 4 * (72 + 864 + 36), model = 4 * 1015;
  CHECK(memory(int8, 1) == memory(plain, 1));
  CHECK(memory(signs, 1) == memory(plain, 1) + residual + model);
  Bench without = rolling;
  without.method.encoding = {};
  const double half = 4.0 * static_cast<double>(parameter_count(rolling.shape, fixed_slice(rolling.shape, 0.5)));
  // Windows that move leave residuals all over the model.
  CHECK(memory(rolling, 0.5) == memory(without, 0.5) + residual + half);
}

TEST_CASE("a fleet whose devices are asked seldom is warned of error feedback") {
  Bench bench(coded("fedavg", EncodingKind::topk), 10);
  bench.method.exchange.cohort = 5;
  bench.training.rounds = 5;
  Planner seldom(bench.setup());
  REQUIRE(seldom.admission().warnings().size() == 1);
  CHECK_THAT(seldom.admission().warnings().front(), ContainsSubstring("10 devices are asked 25 times"));
  bench.training.rounds = 6;
  Planner often(bench.setup());
  CHECK(often.admission().warnings().empty());
}

TEST_CASE("where an encoding has no place, its refusal says why") {
  struct Row {
    const char* method;
    std::map<std::string, std::string> attributes;
    const char* says;
  };
  const std::vector<Row> rows = {
      {"splitfed", {{"encoding", "fp16"}}, "activations and gradients are sent"},
      {"dsfl", {{"encoding", "int8"}}, "predictions are sent"},
      {"local", {{"encoding", "fp16"}}, "nothing is sent"},
      {"centralised", {{"down", "fp16"}}, "samples are sent"},
      {"dpsgd", {{"encoding", "topk"}, {"error-feedback", "on"}}, "public copies take its place"},
      {"dpsgd", {{"encoding", "fp16"}, {"down", "fp16"}}, "there is no server that sends"},
      {"msfusion", {{"encoding", "topk"}}, "there is no reference"},
      {"msfusion", {{"encoding", "int8"}, {"of", "update"}}, "there is no reference"},
      {"fedavg", {{"encoding", "topk"}, {"consensus-step", "0.5"}}, "there are no public copies"},
      {"scaffold", {{"encoding", "sign"}}, "control variates have no reference"},
      {"scaffold", {{"encoding", "int8"}, {"of", "update"}}, "control variates have no reference"},
      {"fedbuff", {{"encoding", "vote"}}, "a server counts the votes of a round"},
      {"dpsgd", {{"encoding", "vote"}}, "a server counts the votes of a round"},
      {"fedavgm", {{"encoding", "vote"}}, "in place of a mean"},
      {"fedavg", {{"encoding", "vote"}, {"down", "fp16"}}, "one bit an element"},
      {"fedavg", {{"encoding", "fp16"}, {"bits", "4"}}, "it needs encoding=\"qsgd\""},
      {"fedavg", {{"ratio", "0.1"}}, "it needs encoding=\"topk\" or \"randomk\""},
      {"fedavg", {{"encoding", "int8"}, {"error-feedback", "on"}}, "it needs encoding=\"qsgd\", \"topk\""},
      {"fedavg", {{"down", "topk"}}, "one of none, fp16, bf16, int8"},
      {"fedavg", {{"encoding", "qsgd"}, {"bits", "1"}}, "a whole number from 2 to 8"},
  };
  for (const Row& row : rows) {
    const std::vector<Objection> said = objections(row.method, row.attributes);
    INFO(row.method << ": " << row.says);
    REQUIRE(said.size() == 1);
    CHECK_THAT(said.front().found + "; " + said.front().allowed, ContainsSubstring(row.says));
  }
  CHECK(objections("fedbuff", {{"encoding", "topk"}}).empty());
  CHECK(objections("msfusion", {{"encoding", "int8"}}).empty());
  CHECK(objections("dpsgd", {{"encoding", "topk"}, {"consensus-step", "0.5"}}).empty());
  CHECK(objections("heterofl", {{"encoding", "powersgd"}, {"rank", "4"}, {"down", "int8"}}).empty());
}

TEST_CASE("the choices of a method name its encodings, where it has some") {
  CHECK(choices_text(coded("fedavg", EncodingKind::topk, EncodingKind::fp16)) ==
        "full | cross-entropy | server | mean | topk, down fp16");
  CHECK(choices_text(coded("fedavg", EncodingKind::none)) == "full | cross-entropy | server | mean");
}

TEST_CASE("fp16 halves every message of MSfusion, and int8 sends a byte an element and a range a tensor") {
  const auto plans = [](EncodingKind kind) {
    Method method = msfusion_at(0.4);
    method.encoding.kind = kind;
    const Bench bench(method, 5);
    Planner planner(bench.setup());
    std::vector<RoundPlan> rounds;
    for (int round = 0; round < 6; ++round) {
      rounds.push_back(planner.plan(round));
      planner.observe(rounds.back(), everything_done(rounds.back()), std::nullopt);
    }
    return rounds;
  };
  const auto plain = plans(EncodingKind::none), half = plans(EncodingKind::fp16), eighth = plans(EncodingKind::int8);
  int stale = 0;
  for (std::size_t round = 0; round < plain.size(); ++round) {
    REQUIRE(half[round].steps.size() == plain[round].steps.size());
    for (std::size_t s = 0; s < plain[round].steps.size(); ++s) {
      const auto* exact = std::get_if<Transfer>(&plain[round].steps[s].what);
      if (!exact) continue;
      const auto &two = std::get<Transfer>(half[round].steps[s].what),
                 &one = std::get<Transfer>(eighth[round].steps[s].what);
      CHECK(two.bytes == exact->bytes / 2);
      CHECK(two.plain_bytes == exact->bytes);
      if (exact->cargo == Cargo::stale) {
        ++stale;
        CHECK(one.bytes == exact->bytes);  // elements of several rounds have no range in common
        continue;
      }
      const TrainTask& sender = task_of(plain[round], plain[round].steps[s].task);
      for (std::size_t to = 0; to < plain[round].tasks.size(); ++to)
        if (plain[round].tasks[to].device == exact->to)
          CHECK(one.bytes == int8_bytes(sender.slice, plain[round].next_slices[to]));
    }
  }
  CHECK(stale > 0);
}

TEST_CASE("a neighbour that missed an update gets the whole public copy next time") {
  Method method = coded("dpsgd", EncodingKind::sign);
  method.exchange.graph = PeerGraph::ring;
  const Bench bench(method, 4);
  Planner planner(bench.setup());
  const auto bytes = [&](const RoundPlan& plan, NodeId from, NodeId to) {
    return bytes_of_pair(plan, from, to, Cargo::trained);
  };
  const RoundPlan first = planner.plan(0);
  CHECK(bytes(first, 0, 1) == kSigns);
  TimedRound timed = everything_done(first);
  for (std::size_t s = 0; s < first.steps.size(); ++s)
    if (const auto* transfer = std::get_if<Transfer>(&first.steps[s].what))
      if (transfer->from == 0 && transfer->to == 1) timed.steps[s].fate = Fate::failed;
  planner.observe(first, timed, std::nullopt);
  const RoundPlan second = planner.plan(1);
  CHECK(bytes(second, 0, 1) == 4 * 1015);
  CHECK(bytes(second, 1, 0) == kSigns);
  CHECK(bytes(second, 0, 3) == kSigns);
  planner.observe(second, everything_done(second), std::nullopt);
  CHECK(bytes(planner.plan(2), 0, 1) == kSigns);
}

TEST_CASE("a neighbour that was away gets the whole public copy, and CHOCO keeps two models") {
  Method method = coded("dpsgd", EncodingKind::topk);
  method.exchange.graph = PeerGraph::ring;
  const Bench bench(method, 4), plain(method_named("dpsgd"), 4);
  Planner planner(bench.setup());
  const RoundPlan first = planner.plan(0, [](NodeId node) { return node != 1; });
  planner.observe(first, everything_done(first), std::nullopt);
  const RoundPlan second = planner.plan(1);
  CHECK(bytes_of_pair(second, 0, 1, Cargo::trained) == 4 * 1015);
  CHECK(bytes_of_pair(second, 1, 0, Cargo::trained) < 4 * 1015);  // its own copy is what it was
  CHECK(second.tasks[0].peak_memory_bytes == Planner(plain.setup()).plan(0).tasks[0].peak_memory_bytes + 8 * 1015);
}

TEST_CASE("a vote is one bit an element up, and down where the device has the last model") {
  Bench bench(coded("fedavg", EncodingKind::vote));
  bench.method.exchange.cohort = 3;
  Planner planner(bench.setup());
  constexpr double kVote = 9 + 108 + 5 + 4 * 43, kModel = 4 * 1015;
  std::vector<RoundPlan> plans;
  for (int round = 0; round < 4; ++round) {
    plans.push_back(planner.plan(round));
    const RoundPlan& plan = plans.back();
    TimedRound timed = everything_done(plan);
    // In the second round the first device's model is lost on its way.
    const auto down = std::find_if(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
      const auto* transfer = std::get_if<Transfer>(&step.what);
      return transfer && transfer->cargo == Cargo::model;
    });
    if (round == 1) timed.steps[static_cast<std::size_t>(down - plan.steps.begin())].fate = Fate::failed;
    planner.observe(plan, timed, 1.0);
  }
  const auto devices = [](const RoundPlan& plan) {
    std::set<NodeId> all;
    for (const TrainTask& task : plan.tasks) all.insert(task.device);
    return all;
  };
  for (std::size_t round = 0; round < plans.size(); ++round)
    for (const NodeId device : devices(plans[round])) {
      INFO("round " << round << ", device " << device);
      CHECK(bytes_of_pair(plans[round], device, 4, Cargo::trained) == kVote);
      const bool was_there = round > 0 && devices(plans[round - 1]).count(device) > 0 &&
                             !(round == 2 && device == plans[1].tasks.front().device);
      CHECK(bytes_of_pair(plans[round], 4, device, Cargo::model) == (was_there ? kVote : kModel));
    }
}

TEST_CASE("a warning says where error feedback has too few messages, however many rounds there are") {
  const auto warnings = [](const std::string& name, int rounds, const std::function<void(Method&)>& change) {
    Bench bench(method_named(name.c_str()), 4);
    bench.method.encoding.kind = EncodingKind::topk;
    change(bench.method);
    bench.training.rounds = rounds;
    return Planner(bench.setup()).admission().warnings();
  };
  const auto nothing = [](Method&) {};
  const auto one = [](Method& method) { method.exchange.cohort = 1; };
  REQUIRE(warnings("fedavg", 2, nothing).size() == 1);
  CHECK_THAT(warnings("fedavg", 2, nothing).front(), ContainsSubstring("4 devices are asked 8 times in all"));
  CHECK(warnings("fedavg", 3, nothing).empty());
  CHECK(warnings("fedavg", 11, one).size() == 1);
  CHECK(warnings("fedavg", 12, one).empty());
  CHECK(warnings("fedavg", 1'000'000'000, nothing).empty());
  // A merge of fedasync has one update.
  CHECK(warnings("fedasync", 11, nothing).size() == 1);
  CHECK(warnings("fedasync", 12, nothing).empty());
  CHECK(warnings("dpsgd", 1, nothing).empty());
}
