// What encodings change in a plan: bytes, the time of coding, memory, and what does not go together.
#include <map>

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
      {"dpsgd", {{"encoding", "topk"}}, "without a common reference"},
      {"msfusion", {{"encoding", "topk"}}, "without a common reference"},
      {"scaffold", {{"encoding", "sign"}}, "control variates have no reference"},
      {"scaffold", {{"encoding", "int8"}, {"of", "update"}}, "control variates have no reference"},
      {"fedbuff", {{"encoding", "topk"}}, "which of its uploads was lost"},
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
  CHECK(objections("fedbuff", {{"encoding", "topk"}, {"error-feedback", "off"}}).empty());
  CHECK(objections("heterofl", {{"encoding", "powersgd"}, {"rank", "4"}, {"down", "int8"}}).empty());
}

TEST_CASE("the choices of a method name its encodings, where it has some") {
  CHECK(choices_text(coded("fedavg", EncodingKind::topk, EncodingKind::fp16)) ==
        "full | cross-entropy | server | mean | topk, down fp16");
  CHECK(choices_text(coded("fedavg", EncodingKind::none)) == "full | cross-entropy | server | mean");
}
