#include "tests/scenario/scenario_file.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using test::Parts;

TEST_CASE("the smallest scenario has every default") {
  const Scenario scenario = test::read(Parts());
  CHECK(scenario.name == "test");
  CHECK(scenario.platform.line == 2);
  CHECK(scenario.platform.network == PlatformOptions::Network::cm02);
  CHECK(scenario.data.set == "synthetic");
  CHECK_FALSE(scenario.data.train_samples);
  CHECK(std::get<MlpOptions>(scenario.model).hidden == std::vector<int>{200, 200});
  CHECK(scenario.training.rounds == 3);
  CHECK_FALSE(scenario.training.local_steps);
  CHECK(scenario.evaluation.every == 1);
  CHECK(scenario.constraints.memory == ConstraintOptions::Memory::fail);
  CHECK_FALSE(scenario.prices.usd_per_kwh);
  CHECK(scenario.seeds == std::vector<std::uint64_t>{1});
  CHECK(scenario.targets.empty());
  REQUIRE(scenario.methods.size() == 1);
  CHECK(scenario.methods[0].label == "fedavg");
  CHECK(scenario.methods[0].line == 6);
}

TEST_CASE("every element is read") {
  Parts parts;
  parts.scenario = R"(name="full-1.0" description="&lt;script&gt; and ümlauts")";
  parts.platform = R"(<platform file="platform.xml" network="LV08"/>)";
  parts.data = R"(<data set="synthetic" train-samples="100" test-samples="50" partition="shards" classes-per-device="3"
                   augment="on" synthetic-classes="6" synthetic-side="16" synthetic-channels="3"/>)";
  parts.training =
      R"(<training rounds="9" local-steps="7" batch="10" optimiser="sgd" learning-rate="1e-1" momentum="0.9"
    nesterov="on" weight-decay="5e-4" clip-norm="1" schedule="step" milestones="3 6" decay="0.5" warmup-rounds="2"/>)";
  parts.more = R"(<evaluation every="3" submodels="off" norm-samples="500"/>
    <constraints memory="exclude" close="deadline" deadline="1.5min" message-loss="0.1"/>
    <prices energy="0.3USD/kWh" traffic="0.1USD/GB" carbon="400 gCO2/kWh"/>
    <seeds values="1 2 18446744073709551615"/><target accuracy="0.7 0.8"/>)";
  const Scenario scenario = test::read(parts);
  CHECK(scenario.description == "<script> and ümlauts");
  CHECK(scenario.platform.network == PlatformOptions::Network::lv08);
  CHECK(scenario.data.train_samples == 100);
  CHECK(scenario.data.partition == DataOptions::Partition::shards);
  CHECK(scenario.data.classes_per_device == 3);
  CHECK(scenario.data.augment);
  CHECK(scenario.data.synthetic_channels == 3);
  CHECK(scenario.training.local_steps == 7);
  CHECK(scenario.training.learning_rate == 0.1);
  CHECK(scenario.training.nesterov);
  CHECK(scenario.training.clip_norm == 1);
  CHECK(scenario.training.milestones == std::vector<int>{3, 6});
  CHECK(scenario.evaluation.every == 3);
  CHECK_FALSE(scenario.evaluation.submodels);
  CHECK(scenario.constraints.memory == ConstraintOptions::Memory::exclude);
  CHECK(scenario.constraints.deadline_seconds == 90);
  CHECK(scenario.constraints.message_loss == 0.1);
  CHECK(scenario.prices.usd_per_gb == 0.1);
  CHECK(scenario.prices.grams_co2_per_kwh == 400);
  CHECK(scenario.seeds.back() == 18446744073709551615u);
  CHECK(scenario.targets == std::vector<double>{0.7, 0.8});
}

TEST_CASE("models of every kind are read") {
  const auto model = [](const std::string& attributes, const std::string& set = "synthetic") {
    Parts parts;
    parts.data = "<data set='" + set + "'/>";
    parts.model = "<model " + attributes + "/>";
    return test::read(parts).model;
  };
  const auto cnn = std::get<CnnOptions>(
      model("kind='cnn' channels='6 16' kernel='4' padding='none' pool='last' dense='120 84' norm='group' groups='4'"));
  CHECK(cnn.channels == std::vector<int>{6, 16});
  CHECK(cnn.kernel == 4);
  CHECK_FALSE(cnn.same_padding);
  CHECK_FALSE(cnn.pool_each);
  CHECK(cnn.dense == std::vector<int>{120, 84});
  CHECK(cnn.norm == NormKind::group);
  CHECK(cnn.groups == 4);
  const auto resnet =
      std::get<ResNetOptions>(model("kind='resnet' widths='8 16' blocks='3 4' block='bottleneck' norm='none'"));
  CHECK(resnet.blocks == std::vector<int>{3, 4});
  CHECK(resnet.bottleneck);
  CHECK(std::get<ResNetOptions>(model("kind='resnet18' widths='8 16 32 64'")).blocks == std::vector<int>{2, 2, 2, 2});
  const auto transformer =
      std::get<TransformerOptions>(model("kind='transformer' embedding='64' heads='4' ffn='128' layers='2' dropout='0' "
                                         "window='16' objective='masked' norm-order='pre'",
                                         "tokens"));
  CHECK(transformer.heads == 4);
  CHECK(transformer.masked);
  CHECK(transformer.pre_norm);
  CHECK(std::get<LstmOptions>(model("kind='lstm' hidden='32'", "characters")).hidden == 32);
}

TEST_CASE("a method has the choices of its name, with what its attributes say instead") {
  Parts parts;
  parts.methods =
      "<methods>\n<method name='msfusion' label='a b'\n split='1 0.5'\n zeta=' 2 '/>\n<method "
      "name='msfusion'/></methods>";
  const Scenario scenario = test::read(parts);
  const Method& method = scenario.methods[0];
  CHECK(method.name == "msfusion");
  CHECK(method.label == "a b");
  CHECK(method.line == 7);
  CHECK(method.split.rate.levels == std::vector<double>{1, 0.5});
  CHECK(method.split.zeta == 2);
  CHECK(scenario.methods[1].split.zeta == 1);
}

TEST_CASE("relative paths start at the scenario's folder, absolute ones stay") {
  Parts parts;
  parts.data = R"(<data set="mnist" path="images"/>)";
  parts.methods = R"(<methods><method name="dpsgd" graph="file" graph-file="graphs/g.xml"/></methods>)";
  const test::ScenarioFile file(parts.text());
  Scenario scenario = read_scenario(file.path(), {});
  CHECK(scenario.platform.file == file.folder() + "/platform.xml");
  CHECK(scenario.data.path == file.folder() + "/images");
  CHECK(scenario.methods[0].exchange.graph_file == file.folder() + "/graphs/g.xml");
  parts.platform = "<platform file='" + file.folder() + "/platform.xml'/>";
  std::ofstream(file.path()) << parts.text();
  scenario = read_scenario(file.path(), {});
  CHECK(scenario.platform.file == file.folder() + "/platform.xml");
}

TEST_CASE("the split of a method is a rate, levels, auto or device") {
  using Kind = RateChoice::Kind;
  const auto [split, kind] = GENERATE(table<std::string, Kind>({{"1", Kind::given},
                                                                {"0.25", Kind::given},
                                                                {"1e-3", Kind::given},
                                                                {"1 0.5 0.25", Kind::levels},
                                                                {"auto", Kind::automatic},
                                                                {"device", Kind::device}}));
  Parts parts;
  parts.methods = "<methods><method name='msfusion' split='" + split + "'/></methods>";
  CHECK(test::read(parts).methods[0].split.rate.kind == kind);
}

TEST_CASE("notes are read without the indentation that their lines share, and are the only text of a scenario") {
  Parts parts;
  parts.more = "<notes>\n\n    # Why &amp; how\n\n      deeper\n    <![CDATA[a <b> & c]]>  \n  </notes>";
  CHECK(test::read(parts).notes == "# Why & how\n\n  deeper\na <b> & c\n");
  CHECK(test::read(Parts()).notes.empty());
  parts.more = "<notes>a<em>b</em></notes>";
  CHECK(test::mistakes(parts) == "7: unknown element <em> in <notes>; no elements are allowed in it\n");
  parts.more = "<notes>" + std::string(50001, 'x') + "</notes>";
  CHECK(test::mistakes(parts) == "7: <notes> of 50001 bytes; at most 50000 are allowed\n");
  parts.more = "<seeds values='1'>text</seeds>";
  CHECK(test::mistakes(parts) == "7: text within <seeds>; only elements and attributes are allowed\n");
}
