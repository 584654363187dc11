// Training that goes on from a file, and layers that stay as they are, through the whole program.
#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "sim/record/store.hpp"
#include "sim/shape/tensor_file.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::string with_training(const std::string& name, const std::string& training) {
  std::string text =
      std::regex_replace(text_of(input(name)), std::regex("<training [^>]*/>"), "<training " + training + "/>");
  return std::regex_replace(text, std::regex("platform.xml"), input("platform.xml"));
}

void require_success(const Ended& ended) {
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
}

std::map<std::string, std::vector<float>> exported(const TemporaryFolder& folder, const std::string& results,
                                                   const std::string& run) {
  const std::string file = folder.file("exported.safetensors");
  require_success(msfusion_program({"export", folder.file(results), "--model", file, "--run", run}));
  std::map<std::string, std::vector<float>> values;
  for (const NamedTensor& tensor : read_safetensors(file).tensors) values[tensor.name] = tensor.values;
  std::filesystem::remove(file);
  return values;
}

double bytes_sent(const TemporaryFolder& folder, const std::string& results, const std::string& label) {
  const StoreReader store(folder.file(results + "/run.sqlite"));
  for (const RunRecord& run : store.runs())
    if (run.label == label) return store.rounds(run.run).back().bytes_sent;
  return -1;
}

constexpr const char* kSmallSteps = R"(rounds="1" batch="8" learning-rate="1e-12" local-steps="1")";

}  // namespace

TEST_CASE("an exported model that training starts from has the accuracy with which it left") {
  const TemporaryFolder folder;
  require_success(msfusion_program({"run", input("tiny.xml"), "-o", folder.file("before"), "--set", "seeds.values=1"}));
  const std::string file = folder.file("m.safetensors");
  require_success(msfusion_program({"export", folder.file("before"), "--model", file, "--run", "fedavg,1"}));
  const std::string scenario =
      folder.write("s.xml", with_training("tiny.xml", fmt::format("{} initial=\"{}\"", kSmallSteps, file)));
  require_success(msfusion_program({"run", scenario, "-o", folder.file("after")}));
  const StoreReader before(folder.file("before/run.sqlite")), after(folder.file("after/run.sqlite"));
  const auto run = [](const StoreReader& store, const std::string& label) {
    const auto runs = store.runs();
    return std::find_if(runs.begin(), runs.end(), [&](const RunRecord& r) { return r.label == label; })->run;
  };
  const EvaluationRecord left = before.evaluations(run(before, "fedavg")).back();
  for (const char* label : {"fedavg", "msfusion", "heterofl"}) {
    const EvaluationRecord came = after.evaluations(run(after, label)).back();
    CHECK(came.global_accuracy == Approx(left.global_accuracy).margin(1e-4));
    CHECK(came.global_loss == Approx(left.global_loss).epsilon(1e-4));
  }

  // The narrow model is the slice of the first units, which HeteroFL's devices train.
  const TensorFile full = read_safetensors(file);
  const auto narrow = exported(folder, "after", "narrow,1");
  const std::vector<float>& bias = std::find_if(full.tensors.begin(), full.tensors.end(), [](const NamedTensor& t) {
                                     return t.name == "norm2.weight";
                                   })->values;
  REQUIRE(narrow.at("norm2.weight").size() <= bias.size());
  for (std::size_t i = 0; i < narrow.at("norm2.weight").size(); ++i)
    CHECK(narrow.at("norm2.weight")[i] == Approx(bias[i]).margin(1e-6));

  // A changed file is not gone on with.
  const Ended resumed = [&] {
    TensorFile other = read_safetensors(file);
    other.tensors.front().values.front() += 1;
    folder.write("m.safetensors", to_safetensors(other));
    return msfusion_program({"run", scenario, "-o", folder.file("after"), "--resume"});
  }();
  CHECK(resumed.code == 2);
  CHECK_THAT(resumed.err, ContainsSubstring("m.safetensors: the file has changed"));

  // One with other channels is another model.
  const Ended wider = msfusion_program({"check", scenario, "--set", "model.channels=8 12 16"});
  CHECK(wider.code == 2);
  CHECK_THAT(wider.err, ContainsSubstring("no tensor \"conv3.weight\"; 16 x 12 x 3 x 3 floats, or its layer in fresh"));
  CHECK(msfusion_program(
            {"check", scenario, "--set", "model.channels=8 12 16", "--set", "training.fresh=conv3 norm3 classifier"})
            .code == 0);
  const Ended unknown = msfusion_program({"check", scenario, "--set", "training.train=clasifier"});
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, ContainsSubstring("did you mean 'classifier'?"));
}

TEST_CASE("frozen layers keep their values in every method and encoding, and are never sent") {
  const TemporaryFolder folder;
  const std::string steps = R"(rounds="3" batch="8" learning-rate="0.05" momentum="0.9" weight-decay="0.01" )";
  const auto run = [&](const std::string& results, const std::string& train, const char* name = "every-method.xml") {
    require_success(msfusion_program(
        {"run", folder.write("s.xml", with_training(name, steps + train)), "-o", folder.file(results)}));
  };
  run("some", R"(train="classifier norm2")");
  run("encoded", R"(train="classifier norm2")", "encodings.xml");
  std::map<std::string, std::vector<float>> first;
  for (const std::string results : {"some", "encoded"})
    for (const RunRecord& record : StoreReader(folder.file(results + "/run.sqlite")).runs()) {
      INFO(record.label);
      CHECK(record.state == "finished");
      if (record.method == "narrow") continue;  // another model
      auto values = exported(folder, results, record.label + ",1");
      if (first.empty()) first = values;
      for (const char* frozen : {"conv1.weight", "norm1.weight", "norm1.bias", "conv2.weight"})
        CHECK(values.at(frozen) == first.at(frozen));
      CHECK(values.at("norm1.weight") == std::vector<float>(4, 1));
      CHECK(values.at("norm2.weight") != std::vector<float>(8, 1));
    }
  const StoreReader store(folder.file("some/run.sqlite"));
  // 8 x 4 + 4 of the classifier and 2 x 8 of the norm, 4 bytes each, to and from each of the four devices.
  CHECK(bytes_sent(folder, "some", "fedavg") == 4 * (36 + 16) * 2 * 4);

  run("all", "");
  const StoreReader all(folder.file("all/run.sqlite"));
  for (std::size_t i = 0; i < store.runs().size(); ++i) {
    INFO(store.runs()[i].label);
    const int number = store.runs()[i].run;
    CHECK(store.rounds(number).back().bytes_sent <= all.rounds(number).back().bytes_sent);
    CHECK(store.rounds(number).back().training_flops < all.rounds(number).back().training_flops);
  }
}

TEST_CASE("with adapters every method leaves the model as it was, and sends adapters alone") {
  const TemporaryFolder folder;
  const std::string text = std::regex_replace(
      // Refused: classifiers behind stages, which adapters know nothing of, and sub-models of the layers' own weights.
      std::regex_replace(
          with_training("every-method.xml", R"(rounds="3" batch="8" learning-rate="0.05" momentum="0.9" lora="2")"),
          std::regex("<method name=\"(depthfl|inclusivefl|scalefl|fiarse)[^>]*>"), ""),
      std::regex("<model [^>]*/>"), R"(<model kind="mlp" hidden="8 6"/>)");
  const std::string scenario = folder.write("s.xml", text);
  require_success(msfusion_program({"run", scenario, "-o", folder.file("r")}));
  const StoreReader store(folder.file("r/run.sqlite"));
  const auto kept = [&](const std::string& results, int run) {
    std::map<std::string, std::vector<float>> values;
    for (const NamedTensor& tensor :
         read_safetensors(folder.file(fmt::format("{}/models/run-{}.last.safetensors", results, run))).tensors)
      values[tensor.name] = tensor.values;
    return values;
  };
  const auto first = kept("r", 0);
  std::size_t moved = 0;
  for (const RunRecord& record : store.runs()) {
    INFO(record.label);
    CHECK(record.state == "finished");
    for (const auto& [name, values] : kept("r", record.run)) {
      if (name.find("lora_b") != std::string::npos)
        moved += std::any_of(values.begin(), values.end(), [](float value) { return value != 0; });
      else if (name.find("lora_a") == std::string::npos)
        CHECK(values == first.at(name));
    }
  }
  CHECK(moved > store.runs().size());
  const std::size_t inputs = first.at("hidden1.weight").size() / 8;
  CHECK(bytes_sent(folder, "r", "fedavg") == static_cast<double>(4 * (2 * (inputs + 8) + 2 * (8 + 6)) * 2 * 4));

  std::vector<std::string> resumed{"run", scenario, "-o", folder.file("resumed"), "--set", "training.rounds=2"};
  require_success(msfusion_program(resumed));
  resumed.back() = "training.rounds=3";
  resumed.push_back("--resume");
  require_success(msfusion_program(resumed));
  for (const RunRecord& record : store.runs()) {
    INFO(record.label);
    CHECK(kept("resumed", record.run) == kept("r", record.run));
  }

  const Ended cnn = msfusion_program({"check", input("tiny.xml"), "--set", "training.lora=2"});
  CHECK(cnn.code == 2);
  CHECK_THAT(cnn.err, ContainsSubstring("adapters for a model without dense layers in front of its classifier"));
  const Ended none =
      msfusion_program({"check", scenario, "--set", "training.lora=0", "--set", "training.lora-cut=all"});
  CHECK(none.code == 2);
  CHECK_THAT(none.err, ContainsSubstring("lora above 0"));
}
