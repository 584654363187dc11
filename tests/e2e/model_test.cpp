// The trained model leaves the program: what the store says of it is what others find in the file.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/base/units.hpp"
#include "sim/record/store.hpp"
#include "sim/shape/tensor_file.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

// Of a program's output, as a number.
double number_printed_by(const std::string& command) {
  FILE* pipe = popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  double number = -1;
  const int read = std::fscanf(pipe, "%lf", &number);
  CHECK(pclose(pipe) == 0);
  CHECK(read == 1);
  return number;
}

double accuracy_in_pytorch(const std::string& file) {
  return number_printed_by(fmt::format("/usr/bin/python3 '{}' '{}'", source_file("tests/e2e/evaluate_model.py"), file));
}

void require_success(const Ended& ended) {
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
}

std::string fashion(const std::string& model, const std::string& methods) {
  return fmt::format(R"(<?xml version="1.0" encoding="UTF-8"?>
<scenario name="fashion" description="For the tests">
  <platform file="{}"/>
  <data set="fashion-mnist" train-samples="400" partition="dirichlet" alpha="0.5"/>
  {}
  <training rounds="4" batch="16" learning-rate="0.05"/>
  <evaluation every="4" norm-samples="100" keep="last devices"/>
  <methods>{}</methods>
</scenario>
)",
                     input("platform.xml"), model, methods);
}

}  // namespace

TEST_CASE("PyTorch finds the accuracy that the store has, in every method's exported model") {
  const TemporaryFolder folder;
  const std::string methods = R"(<method name="fedavg"/><method name="msfusion" split="0.5"/><method name="dpsgd"/>)";
  const std::string model =
      GENERATE(R"(<model kind="cnn" channels="8 12" norm="batch"/>)", R"(<model kind="mlp" hidden="20 12"/>)");
  require_success(msfusion_program({"run", folder.write("s.xml", fashion(model, methods)), "-o", folder.file("r")}));
  const StoreReader store(folder.file("r/run.sqlite"));
  for (const RunRecord& run : store.runs()) {
    const std::string file = folder.file(run.label + ".safetensors");
    require_success(msfusion_program({"export", folder.file("r"), "--model", file, "--run", run.label + "," + "1"}));
    const double accuracy = store.evaluations(run.run).back().global_accuracy;
    INFO(model << run.label);
    CHECK(accuracy > 0.1);
    CHECK(accuracy_in_pytorch(file) == Approx(accuracy).margin(0.0001));
  }
  const std::string own = folder.file("own.safetensors");
  require_success(
      msfusion_program({"export", folder.file("r"), "--model", own, "--run", "msfusion", "--device", "phone-2"}));
  const TensorFile slice = read_safetensors(own);
  CHECK(slice.metadata.at("device") == "phone-2");
  CHECK(slice.tensors.front().sizes.front() <
        read_safetensors(folder.file("msfusion.safetensors")).tensors.front().sizes.front());
  const auto devices = store.devices(1);
  for (const DeviceEvaluationRecord& device : store.device_evaluations(1))
    if (devices[static_cast<std::size_t>(device.device)].name == "phone-2")
      CHECK(accuracy_in_pytorch(own) == Approx(device.accuracy).margin(0.0001));
}

TEST_CASE("an exported model says what it is") {
  const TemporaryFolder folder;
  require_success(msfusion_program({"run", input("every-method.xml"), "-o", folder.file("r")}));
  const StoreReader store(folder.file("r/run.sqlite"));
  for (const RunRecord& run : store.runs()) {
    const std::string file = folder.file("m.safetensors");
    require_success(msfusion_program({"export", folder.file("r"), "--model", file, "--run", run.label}));
    const TensorFile model = read_safetensors(file);
    const auto& about = model.metadata;
    const EvaluationRecord evaluation = store.evaluations(run.run).back();
    CHECK(about.at("scenario") == "every-method");
    CHECK(about.at("method") == run.label);
    CHECK(about.at("seed") == "1");
    CHECK(about.at("round") == "3");
    CHECK(parse_number(about.at("test_accuracy")) == evaluation.global_accuracy);
    const bool has_server = run.method != "msfusion" && run.method != "dpsgd" && run.method != "dfedavg" &&
                            run.method != "local" && run.method != "centralised" && run.method != "streaming-diloco";
    CHECK((about.at("model").find("the server's model") == 0) == has_server);
    const auto axes = nlohmann::json::parse(about.at("axes"));
    CHECK(axes.at("conv1").at("units") == model.tensors.front().sizes.front());
    CHECK(nlohmann::json::parse(about.at("dimensions")).at("conv2.weight") ==
          nlohmann::json::parse(R"([["conv2",1,1],["conv1",1,1],null,null])"));
    std::int64_t parameters = 0;
    for (const NamedTensor& tensor : model.tensors)
      if (tensor.name.find("running") == std::string::npos)
        parameters += static_cast<std::int64_t>(tensor.values.size());
    CHECK(parameters == run.model_parameters);
  }
}

TEST_CASE("keep=\"best last\" keeps the model of the highest accuracy, over an interruption too") {
  const TemporaryFolder folder;
  const std::vector<std::string> common = {"run",
                                           input("two-methods.xml"),
                                           "--set",
                                           "evaluation.keep=best last",
                                           "--set",
                                           "evaluation.every=1",
                                           "--set",
                                           "training.rounds=12",
                                           "--set",
                                           "training.learning-rate=0.5",
                                           "--checkpoint-every",
                                           "3"};
  const auto run = [&](const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> all = common;
    all.insert(all.end(), {"-o", folder.file(out)});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  require_success(msfusion_program(run("whole", {})));
  {
    Program program(run("cut", {}));
    while (!program.has_ended() && !fs::exists(folder.file("cut/checkpoints/run-0.round-5.checkpoint"))) usleep(1000);
    program.kill_all();
    program.wait();
  }
  require_success(msfusion_program(run("cut", {"--resume"})));
  const StoreReader store(folder.file("whole/run.sqlite"));
  for (const RunRecord& record : store.runs()) {
    const auto evaluations = store.evaluations(record.run);
    const auto best = std::max_element(evaluations.begin(), evaluations.end(), [](const auto& a, const auto& b) {
      return a.global_accuracy < b.global_accuracy;
    });
    for (const char* moment : {"best", "last"}) {
      const std::string name = fmt::format("models/run-{}.{}.safetensors", record.run, moment);
      const EvaluationRecord& expected = moment == std::string("best") ? *best : evaluations.back();
      const TensorFile model = read_safetensors(folder.file("whole/" + name));
      CHECK(parse_number(model.metadata.at("test_accuracy")) == expected.global_accuracy);
      CHECK(model.metadata.at("round") == std::to_string(expected.round + 1));
      CHECK(text_of(folder.file("whole/" + name)) == text_of(folder.file("cut/" + name)));
    }
  }
}

TEST_CASE("export names the run, device or model that is not there") {
  const TemporaryFolder folder;
  require_success(
      msfusion_program({"run", input("two-methods.xml"), "--set", "evaluation.keep=none", "-o", folder.file("r")}));
  CHECK_FALSE(fs::exists(folder.file("r/models")));
  const auto refusal = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"export", folder.file("r"), "--model", folder.file("m")});
    const Ended ended = msfusion_program(more);
    CHECK(ended.code == 2);
    return ended.err;
  };
  CHECK_THAT(refusal({}), ContainsSubstring("2 runs could be meant; one of msfusion,1, fedavg,1"));
  CHECK_THAT(refusal({"--run", "fedavgg,1"}), ContainsSubstring("did you mean 'fedavg,1'?"));
  CHECK_THAT(refusal({"--run", "fedavg"}), ContainsSubstring("fedavg,1 is not there; the run is finished"));
  CHECK_THAT(refusal({"--run", "fedavg", "--device", "phone-9"}), ContainsSubstring("there is no device \"phone-9\""));
  CHECK(msfusion_program({"export", folder.file("r")}).code == 2);
}
