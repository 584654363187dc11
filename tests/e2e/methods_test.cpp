// Every method and every model through the whole program.
#include <fmt/format.h>

#include <cmath>
#include <regex>
#include <set>
#include <sstream>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::vector<std::string> with_settings(std::vector<std::string> arguments, const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
  return arguments;
}

void check_sound(const StoreReader& store, const RunRecord& run) {
  INFO(run.label);
  CHECK(run.state == "finished");
  const auto rounds = store.rounds(run.run);
  REQUIRE(static_cast<int>(rounds.size()) == run.rounds);
  for (const RoundRecord& round : rounds) {
    CHECK(round.end_seconds > round.start_seconds);
    if (round.mean_loss) CHECK(std::isfinite(*round.mean_loss));
  }
  const auto evaluations = store.evaluations(run.run);
  REQUIRE_FALSE(evaluations.empty());
  for (const EvaluationRecord& evaluation : evaluations) {
    CHECK((evaluation.global_accuracy >= 0 && evaluation.global_accuracy <= 1));
    CHECK(std::isfinite(evaluation.global_loss));
  }
}

std::set<std::string> listed_methods() {
  std::istringstream lines(msfusion_program({"list", "methods"}).out);
  std::set<std::string> names;
  std::string line, name;
  std::getline(lines, line);  // the heading
  while (std::getline(lines, line) && std::istringstream(line) >> name) names.insert(name);
  return names;
}

struct Refusal {
  const char *element, *because;
};

}  // namespace

TEST_CASE("every listed method runs, and gives the same results with one worker and with two") {
  const TemporaryFolder folder;
  const Ended two = msfusion_program({"run", input("every-method.xml"), "-j", "2", "-o", folder.file("two")});
  INFO(two.out << two.err);
  REQUIRE(two.code == 0);
  const StoreReader store(folder.file("two/run.sqlite"));
  std::set<std::string> run;
  for (const RunRecord& record : store.runs()) {
    check_sound(store, record);
    run.insert(record.method);
    double bytes = 0;
    for (const RoundRecord& round : store.rounds(record.run)) bytes += round.bytes_sent;
    CHECK((bytes == 0) == (record.method == "local"));
    // What a method distils on belongs to no device.
    std::int64_t samples = 0;
    for (const DeviceRecord& device : store.devices(record.run)) samples += device.samples;
    CHECK(samples == (record.method == "dsfl" || record.method == "fedavg-distill" ? 100 : 120));
  }
  CHECK(run == listed_methods());

  REQUIRE(msfusion_program({"run", input("every-method.xml"), "-j", "1", "-o", folder.file("one")}).code == 0);
  CHECK(tables_of(folder.file("one")) == tables_of(folder.file("two")));
}

TEST_CASE("every model trains in slices, through the whole program") {
  const std::string text = "data.path=" + input("text");
  const std::vector<std::pair<const char*, std::vector<std::string>>> models = {
      {"mlp", {"model.hidden=12 12"}},
      {"cnn without norm, two convolutions and a dense layer",
       {"model.kind=cnn", "model.channels=4 8", "model.kernel=5", "model.dense=16", "model.norm=none"}},
      {"NIID-Bench's simple cnn",
       {"model.kind=cnn", "model.channels=6 16", "model.kernel=5", "model.padding=none", "model.dense=120 84",
        "model.norm=none", "data.synthetic-side=32", "data.synthetic-channels=3"}},
      {"resnet18", {"model.kind=resnet18", "model.widths=4 4 8 8", "data.synthetic-channels=3", "data.augment=on"}},
      {"bottleneck resnet with group norm",
       {"model.kind=resnet", "model.widths=4 8", "model.blocks=1 2", "model.block=bottleneck", "model.norm=group",
        "model.groups=2"}},
      {"causal transformer",
       {"data.set=tokens", text, "data.train-samples=40", "data.test-samples=10", "model.kind=transformer",
        "model.embedding=16", "model.heads=2", "model.ffn=24", "model.layers=2", "model.window=8",
        "model.norm-order=pre"}},
      {"masked transformer",
       {"data.set=tokens", text, "data.train-samples=40", "data.test-samples=10", "model.kind=transformer",
        "model.embedding=16", "model.heads=2", "model.ffn=24", "model.layers=2", "model.window=8",
        "model.objective=masked"}},
      {"lstm on characters",
       {"data.set=characters", text, "data.train-samples=40", "data.test-samples=10", "model.kind=lstm",
        "model.embedding=8", "model.hidden=12", "model.layers=2", "model.window=16"}},
  };
  const TemporaryFolder folder;
  int number = 0;
  for (const auto& [name, settings] : models) {
    const std::string out = folder.file(std::to_string(++number));
    const Ended run = msfusion_program(with_settings({"run", input("every-model.xml"), "-o", out}, settings));
    INFO(name << '\n' << run.out << run.err);
    REQUIRE(run.code == 0);
    const StoreReader store(out + "/run.sqlite");
    for (const RunRecord& record : store.runs()) check_sound(store, record);
  }
}

TEST_CASE("methods whose distinguishing choice is neutral learn what FedAvg learns") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  const std::string scenario = folder.write("laws.xml", R"(<scenario name="laws"><platform file="platform.xml"/>
<data set="synthetic" train-samples="160" test-samples="80"/><model kind="cnn" channels="4 8"/>
<training rounds="3" batch="8" learning-rate="0.05" momentum="0.9"/>
<methods>
  <method name="fedavg"/>
  <method name="fedprox" mu="0"/>
  <method name="moon" mu="0"/>
  <method name="fedavgm" beta="0"/>
  <method name="heterofl" split="1"/>
  <method name="fedrolex" split="1"/>
  <method name="feddropout" split="1"/>
  <method name="narrow" split="1"/>
  <method name="splitfed"/>
  <method name="msfusion" split="1" contrastive="off"/>
  <method name="dfedavg" graph="complete"/>
</methods></scenario>)");
  const Ended ended = msfusion_program({"run", scenario, "-o", folder.file("r")});
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
  const StoreReader store(folder.file("r/run.sqlite"));
  const auto fedavg = store.evaluations(0);
  for (const RunRecord& run : store.runs()) {
    INFO(run.label);
    const auto evaluations = store.evaluations(run.run);
    REQUIRE(evaluations.size() == fedavg.size());
    for (std::size_t i = 0; i < fedavg.size(); ++i)
      CHECK(evaluations[i].global_loss == Approx(fedavg[i].global_loss).epsilon(1e-6));
  }
}

TEST_CASE("choices that make no sense together are refused with the reason") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  const std::string before = R"(<scenario name="r"><platform file="platform.xml"/>
<data set="synthetic" train-samples="120" test-samples="40"/><model kind="cnn" channels="4 8"/><training rounds="1"/>
<methods>)";
  for (const Refusal& row : std::vector<Refusal>{
           {"name='msfusion' cohort='2'", "peers, local and centralised always take everybody"},
           {"name='msfusion' split='0.5' merge='mean'", "the merge needs whole models of one size"},
           {"name='fedavg' merge='gossip'", "where the exchange is \"server\""},
           {"name='dfedavg' merge='mean'", "where the exchange is \"peers\""},
           {"name='fedasync' merge='mean'", "where the exchange is \"asynchronous\""},
           {"name='fedavg' split='0.5'", "a split rule other than full"},
           {"name='fedavg' objective='control-variates'", "control variates need both their loss and their merge"},
           {"name='feddyn' merge='mean'", "dynamic regularisation needs both its loss and its merge"},
           {"name='feddyn' mu='0'", "so that is not FedAvg"},
           {"name='scaffold' merge='mean'", "control variates need both their loss and their merge"},
           {"name='heterofl' split='0.5' objective='model-contrastive' mu='1'", "MOON compares whole models"},
           {"name='splitfed' objective='proximal' mu='1'", "the device holds only the first layers"},
           {"name='splitfed' cut='9'", "leaves the server nothing"},
           {"name='msfusion' graph='file'", "graph-file"},
           {"name='msfusion' degree='2'", "graph=\"regular\" or \"small-world\""},
           {"name='msfusion' graph='erdos-renyi' probability='0'", "above 0, at most 1"},
           {"name='fedavg' zeta='2'", "double-shift"},
           {"name='fedavg' graph='ring'", "an exchange among peers"},
           {"name='heterofl' split='0.5' direction='up'", "rolling"},
           {"name='heterofl' split='0.5' levels='dynamic'", "several rates in split"},
           {"name='local' weights='uniform'", "a merge that is a mean"},
           {"name='centralised' split-rule='fixed' split='0.5'", "the merge needs whole models"},
           {"name='narrow' split='0.25 0.5'", "one model for everybody"},
           {"name='narrow' split='device'", "one model for everybody"},
           {"name='fedavg' objective='proximal'", "mu"},
           {"name='msfusion' objective='proximal'", "mu"},
           {"name='fedrolex' split='0.5' objective='contrastive'", "lambda"},
           {"name='fedavg' merge='distill'", "open-samples"},
           {"name='dsfl' open-samples='117'", "at most 116"},
           {"name='msfusion' split='0'", "above 0"},
           {"name='fjord' split='0.3'", "none of the widths that steps draw from"},
           {"name='fjord' split-rule='rolling' split='0.2'", "only where both have the first units"},
           {"name='fjord' split='0.2' objective='contrastive' lambda='1'", "compares or sends models of one width"},
           {"name='fedrolex' split='0.5' widths='0.5 1'", "split-rule=\"fixed\""},
           {"name='heterofl' split='0.5' self-distillation='on'", "widths to draw from"},
           {"name='heterofl' split='0.5' depth='0.5'", "no residual block that could be left out"},
           {"name='fedavg' depth='0.5'", "a split rule of sub-models"},
           {"name='feddropout' split='0.5' depth='0.5'", "too many to plan with"},
           {"name='fjord' split='0.2' depth='0.5'", "steps that draw a width keep all layers"},
           {"name='fedavg' exits='last'", "split-rule=\"fixed\""},
           {"name='depthfl' stages='3'", "3 stages, but model cnn has 2 blocks that a stage could end with"},
           {"name='depthfl' objective='cross-entropy'", "nothing trains the inner classifiers"},
           {"name='heterofl' split='0.5' objective='taught-exits' lambda='1'", "without exits"},
           {"name='inclusivefl' exits='none'", "merge=\"prefix-mean\" without exits"},
           {"name='depthfl' exchange='peers'", "exits where the exchange is \"peers\""},
           {"name='inclusivefl' widths='0.5 1'", "steps that draw a width keep all layers"},
           {"name='inclusivefl' momentum-distillation='2'", "a number from 0 to 1"},
           {"name='fedavg' stages='2'", "exits=\"all\" or \"last\""},
           {"name='fiarse' kept-weights='0'", "above 0"},
           {"name='fiarse' merge='mean'", "the method fiarse"},
           {"name='fedavg' kept-weights='0.5'", "objective=\"important-weights\""},
           {"name='fiarse' encoding='fp16'", "codes whole tensors"},
           {"name='fiarse' cohort='2' selection='oort'", "estimates how long a device takes"},
           {"name='fedprox' mu='-1'", "a number from 0"},
       }) {
    INFO(row.element);
    const Ended ended = msfusion_program(
        {"check", folder.write("s.xml", before + "<method " + row.element + "/></methods></scenario>")});
    INFO(ended.out << ended.err);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.err, ContainsSubstring("s.xml:3: ") && ContainsSubstring(row.because));
  }
}

TEST_CASE("the answer says what devices have of their own models, where a method leaves them any") {
  const TemporaryFolder folder;
  const auto answer = [&](const std::string& other) {
    std::string text = text_of(input("two-methods.xml"));
    text = std::regex_replace(text, std::regex("<method name=\"msfusion\"[^>]*>"), "<method name=\"" + other + "\"/>");
    text = std::regex_replace(text, std::regex("platform.xml"), input("platform.xml"));
    const std::string results = folder.file(other);
    REQUIRE(msfusion_program({"run", folder.write(other + ".xml", text), "-o", results}).code == 0);
    return msfusion_program({"compare", results}).out;
  };
  const std::string ditto = answer("ditto");
  double own[2] = {};
  const StoreReader store(folder.file("ditto/run.sqlite"));
  for (const RunRecord& run : store.runs())
    own[run.label == "ditto"] = store.evaluations(run.run).back().personal_accuracy.value();
  INFO(ditto);
  REQUIRE(own[1] > own[0]);
  CHECK_THAT(ditto, ContainsSubstring(fmt::format("On each device's own data ditto reaches {:.3g} %, the highest mean",
                                                  100 * own[1])));
  CHECK_THAT(answer("fedprox"), !ContainsSubstring("own data"));
}
