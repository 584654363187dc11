// The trained model as ONNX: what others compute with it is what the store says, and it comes back as it went.
#include <fmt/format.h>

#include <cstdio>
#include <regex>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

void require_success(const Ended& ended) {
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
}

double number_printed_by(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  double number = -1;
  const int read = std::fscanf(pipe, "%lf", &number);
  CHECK(pclose(pipe) == 0);
  CHECK(read == 1);
  return number;
}

// onnx.checker accepts the file, and PyTorch computes this accuracy with its operators.
double accuracy_elsewhere(const std::string& arguments) {
  return number_printed_by(
      fmt::format("/usr/bin/python3 '{}' {}", source_file("tests/e2e/evaluate_onnx.py"), arguments));
}

std::string fashion(const std::string& model, const std::string& training, const std::string& methods) {
  return fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<scenario name="fashion" description="For the tests">
  <platform file="{}"/>
  <data set="fashion-mnist" train-samples="400" partition="dirichlet" alpha="0.5"/>
  {}
  <training {}/>
  <evaluation every="4" norm-samples="100" keep="last devices"/>
  <methods>{}</methods>
</scenario>
)",
                     input("platform.xml"), model, training, methods);
}

std::string shipped(const std::string& name, const std::string& parameters) {
  return fmt::format(R"(<model file="{}" parameters="{}"/>)", source_file("scenarios/models/" + name + ".xml"),
                     parameters);
}

constexpr const char* kTraining = R"(rounds="6" batch="16" learning-rate="0.1")";

// The last evaluation of each run whose label is given.
double accuracy_of(const StoreReader& store, const std::string& label) {
  for (const RunRecord& run : store.runs())
    if (run.label == label) return store.evaluations(run.run).back().global_accuracy;
  return -1;
}

constexpr const char* kMixed = R"(<model reads="images" sample="1 28 28" classes="10">
  <conv name="stem" channels="8" stride="2"/><norm kind="group" groups="4"/><silu/>
  <concat><branch/><branch><conv channels="4" kernel="1"/><hard-swish/></branch></concat>
  <conv channels="12" groups="4"/><tanh/>
  <average-pool kernel="3" stride="2" padding="1"/>
  <conv depthwise="yes"/><hard-sigmoid/><relu6/>
  <max-pool kernel="3" stride="2" padding="1"/>
  <flatten/><dense units="10"/><gelu/><norm kind="layer"/><dropout/><sigmoid/>
  <classifier/>
</model>
)";

constexpr const char* kImportable = R"(<model reads="images" sample="1 28 28" classes="10">
  <conv name="stem" channels="8" stride="2"/><norm/><silu/>
  <concat><branch/><branch><conv channels="4" kernel="1"/><hard-swish/></branch></concat>
  <conv channels="12" groups="4"/><tanh/>
  <average-pool kernel="3" stride="2" padding="1"/>
  <conv depthwise="yes"/><relu6/>
  <flatten/><dense units="20"/><relu/>
  <classifier/>
</model>
)";

}  // namespace

TEST_CASE("the exported ONNX model has the store's accuracy elsewhere") {
  const TemporaryFolder folder;
  folder.write("mixed.xml", kMixed);
  const std::string model = GENERATE_COPY(
      std::string(R"(<model kind="cnn" channels="8 12" norm="batch"/>)"),
      std::string(R"(<model kind="mlp" hidden="20 12"/>)"), std::string(R"(<model file="mixed.xml"/>)"),
      shipped("mobilenet-v2", "widths=4 8; blocks=1 2; strides=1 2; stem=4; stem_stride=2; expansion=2; last=16"),
      shipped("resnet18-imagenet", "widths=4 8 8 8"), shipped("vit-tiny", "features=12; layers=1; patch=7"));
  const std::string methods = R"(<method name="fedavg"/><method name="msfusion" split="0.5"/>)";
  require_success(
      msfusion_program({"run", folder.write("s.xml", fashion(model, kTraining, methods)), "-o", folder.file("r")}));
  const StoreReader store(folder.file("r/run.sqlite"));
  const std::string file = folder.file("m.onnx");
  INFO(model);
  require_success(msfusion_program({"export", folder.file("r"), "--model", file, "--run", "fedavg,1"}));
  CHECK(accuracy_elsewhere("'" + file + "'") == Approx(accuracy_of(store, "fedavg")).margin(0.0001));
  require_success(
      msfusion_program({"export", folder.file("r"), "--model", file, "--run", "msfusion", "--device", "phone-2"}));
  double last = -1;
  const auto devices = store.devices(1);
  for (const DeviceEvaluationRecord& device : store.device_evaluations(1))
    if (devices[static_cast<std::size_t>(device.device)].name == "phone-2") last = device.accuracy;
  CHECK(accuracy_elsewhere("'" + file + "'") == Approx(last).margin(0.0001));
}

TEST_CASE("an exported language model predicts elsewhere as many words") {
  const TemporaryFolder folder;
  const std::string model = GENERATE(
      R"(<model kind="transformer" embedding="16" heads="2" ffn="24" layers="2" window="8"/>)",
      R"(<model kind="transformer" embedding="16" heads="2" ffn="24" layers="1" window="8" norm-order="pre"/>)",
      R"(<model kind="lstm" embedding="12" hidden="16" window="8"/>)");
  std::string text = fashion(model, R"(rounds="2" batch="4" learning-rate="0.01" optimiser="adam")",
                             R"(<method name="fedavg"/><method name="heterofl" split="0.5"/>)");
  text = std::regex_replace(text, std::regex("<data [^>]*/>"),
                            fmt::format(R"(<data set="tokens" path="{}"/>)", input("text")));
  require_success(msfusion_program({"run", folder.write("s.xml", text), "-o", folder.file("r")}));
  const StoreReader store(folder.file("r/run.sqlite"));
  const std::string arguments = fmt::format("'{}' '{}' '{}'", folder.file("m.onnx"), input("text/sentences.train.txt"),
                                            input("text/sentences.test.txt"));
  INFO(model);
  const auto exported = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"export", folder.file("r"), "--model", folder.file("m.onnx")});
    require_success(msfusion_program(more));
    return accuracy_elsewhere(arguments);
  };
  CHECK(accuracy_of(store, "fedavg") > 0.02);
  CHECK(exported({"--run", "fedavg,1"}) == Approx(accuracy_of(store, "fedavg")).margin(0.0001));
  const auto devices = store.devices(1);
  const auto scores = store.device_evaluations(1);
  REQUIRE_FALSE(scores.empty());
  for (const DeviceEvaluationRecord& device : scores) {
    const std::string name = devices[static_cast<std::size_t>(device.device)].name;
    CHECK(exported({"--run", "heterofl", "--device", name}) == Approx(device.accuracy).margin(0.0001));
  }
}

TEST_CASE("a model that was exported as ONNX comes back with its accuracy") {
  const TemporaryFolder folder;
  const std::string method = R"(<method name="fedavg"/>)";
  folder.write("mixed.xml", kImportable);
  const std::string model = GENERATE_COPY(
      std::string(R"(<model kind="cnn" channels="8 12" norm="batch"/>)"), std::string(R"(<model kind="mlp"/>)"),
      std::string(R"(<model file="mixed.xml"/>)"),
      shipped("mobilenet-v2", "widths=4 8; blocks=1 2; strides=1 2; stem=4; stem_stride=2; expansion=2; last=16"));
  require_success(
      msfusion_program({"run", folder.write("s.xml", fashion(model, kTraining, method)), "-o", folder.file("r")}));
  require_success(msfusion_program({"export", folder.file("r"), "--model", folder.file("back.onnx")}));
  require_success(msfusion_program(
      {"run",
       folder.write("b.xml", fashion(R"(<model file="back.onnx"/>)",
                                     R"(rounds="1" batch="16" local-steps="1" learning-rate="1e-12")", method)),
       "-o", folder.file("b")}));
  const double left = accuracy_of(StoreReader(folder.file("r/run.sqlite")), "fedavg");
  const double came = accuracy_of(StoreReader(folder.file("b/run.sqlite")), "fedavg");
  INFO(model);
  CHECK(left > 0.11);
  CHECK(came == Approx(left).margin(0.0001));
}

TEST_CASE("adapters are merged into what is exported") {
  const TemporaryFolder folder;
  const std::string training =
      GENERATE(R"(rounds="3" batch="16" learning-rate="0.1" lora="4")",
               R"(rounds="3" batch="16" learning-rate="0.1" lora="6" lora-cut="all" train="classifier")");
  const std::string methods =
      R"(<method name="fedavg"/><method name="heterofl" split="0.5 1"/><method name="msfusion" split="0.5"/>)";
  require_success(msfusion_program(
      {"run", folder.write("s.xml", fashion(R"(<model kind="mlp" hidden="20 12"/>)", training, methods)), "-o",
       folder.file("r")}));
  const StoreReader store(folder.file("r/run.sqlite"));
  for (const RunRecord& run : store.runs()) {
    INFO(training << run.label);
    for (const char* file : {"m.onnx", "m.safetensors"})
      require_success(
          msfusion_program({"export", folder.file("r"), "--model", folder.file(file), "--run", run.label + ",1"}));
    CHECK(text_of(folder.file("m.safetensors")).find("lora_a") == std::string::npos);
    CHECK(accuracy_elsewhere("'" + folder.file("m.onnx") + "'") ==
          Approx(accuracy_of(store, run.label)).margin(0.0001));
    const std::string kept = fmt::format("r/models/run-{}.last.safetensors", run.run);
    CHECK(text_of(folder.file(kept)).find("lora_a") != std::string::npos);
    CHECK(number_printed_by(fmt::format("/usr/bin/python3 '{}' '{}'", source_file("tests/e2e/evaluate_model.py"),
                                        folder.file("m.safetensors"))) ==
          Approx(accuracy_of(store, run.label)).margin(0.0001));
  }
}
