// Models as files of layers, through the whole program.
#include <fmt/format.h>

#include <filesystem>
#include <regex>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

/// The scenario of an input file with another model.
std::string with_model(const std::string& name, const std::string& model) {
  std::string text = std::regex_replace(text_of(input(name)), std::regex("<model [^>]*/>"), "<model " + model + "/>");
  return std::regex_replace(text, std::regex("platform.xml"), input("platform.xml"));
}

std::string shipped(const std::string& name) {
  return fmt::format("file=\"{}\"", source_file("scenarios/models/" + name + ".xml"));
}

void require_success(const Ended& ended) {
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
}

}  // namespace

TEST_CASE("a model as a file of layers gives the results of its short form to the last bit") {
  const TemporaryFolder folder;
  const std::string short_form = folder.write("kind.xml", with_model("tiny.xml", R"(kind="cnn" channels="8 12")"));
  const std::string layers =
      folder.write("file.xml", with_model("tiny.xml", shipped("cnn") + R"( parameters="widths=8 12")"));
  require_success(msfusion_program({"run", short_form, "-o", folder.file("kind")}));
  require_success(msfusion_program({"run", layers, "-o", folder.file("file")}));
  CHECK(tables_of(folder.file("kind")) == tables_of(folder.file("file")));
}

TEST_CASE("layers in the scenario give the results of their file to the last bit, and resume") {
  const TemporaryFolder folder;
  std::string file = text_of(source_file("scenarios/models/cnn.xml"));
  const std::string in_place = "<model parameters=\"widths=8 12\">" +
                               std::regex_replace(file.substr(file.find("<model")), std::regex("^<model[^>]*>"), "");
  std::string text = std::regex_replace(text_of(input("tiny.xml")), std::regex("<model [^>]*/>"), "LAYERS");
  text.replace(text.find("LAYERS"), 6, in_place);
  text = std::regex_replace(text, std::regex("platform.xml"), input("platform.xml"));
  const std::string layers = folder.write("layers.xml", text);
  require_success(msfusion_program(
      {"run", folder.write("file.xml", with_model("tiny.xml", shipped("cnn") + R"( parameters="widths=8 12")")), "-o",
       folder.file("file")}));
  require_success(msfusion_program({"run", layers, "-o", folder.file("layers")}));
  CHECK(tables_of(folder.file("layers")) == tables_of(folder.file("file")));
  require_success(msfusion_program({"run", layers, "-o", folder.file("layers"), "--resume"}));
  require_success(msfusion_program({"report", folder.file("layers"), "-o", folder.file("r.html")}));

  const auto mistakes = [&](const std::string& model, std::vector<std::string> more = {}) {
    std::string wrong = text;
    wrong.replace(wrong.find(in_place), in_place.size(), model);
    more.insert(more.begin(), {"check", folder.write("wrong.xml", wrong)});
    const Ended ended = msfusion_program(more);
    CHECK(ended.code == 2);
    return ended.err;
  };
  CHECK_THAT(mistakes("<model>\n<konv/>\n<flatten/><classifier/></model>"),
             ContainsSubstring("wrong.xml:7: <konv> stands here"));
  CHECK_THAT(mistakes("<model>\n<max-pool kernel='90'/>\n<flatten/><classifier/></model>"),
             ContainsSubstring("wrong.xml:7: kernel=\"90\" in <max-pool>"));
  CHECK_THAT(mistakes("<model kind='cnn'><flatten/><classifier/></model>"),
             ContainsSubstring("kind=\"cnn\" in <model> beside layers"));
  CHECK_THAT(mistakes("<model/>"), ContainsSubstring("<model> has no kind, no file and no layers"));
  CHECK_THAT(
      mistakes("<model><embedding features='4'/><classifier/></model>", {"--set", "data.synthetic-vocabulary=20"}),
      ContainsSubstring("needed: window, the tokens of a sample"));
}

TEST_CASE("every method trains a MobileNetV2 from its file, narrowed") {
  const TemporaryFolder folder;
  const std::string narrow =
      R"( parameters="widths=4 8; blocks=1 2; strides=1 2; stem=4; stem_stride=1; expansion=2; last=16")";
  require_success(
      msfusion_program({"run", folder.write("s.xml", with_model("every-method.xml", shipped("mobilenet-v2") + narrow)),
                        "-o", folder.file("r")}));
  const StoreReader store(folder.file("r/run.sqlite"));
  CHECK(store.runs().size() >= 20);
  for (const RunRecord& run : store.runs()) CHECK(run.state == "finished");
}

TEST_CASE("a run resumes with the model file that it began with, and with no other") {
  const TemporaryFolder folder;
  const std::string model = folder.write("m.xml", text_of(source_file("scenarios/models/mlp.xml")));
  const std::string scenario = folder.write("s.xml", with_model("tiny.xml", R"(file="m.xml")"));
  require_success(msfusion_program({"run", scenario, "-o", folder.file("r")}));
  folder.write("m.xml", std::regex_replace(text_of(model), std::regex("200 200"), "200 100"));
  const Ended resumed = msfusion_program({"run", scenario, "-o", folder.file("r"), "--resume"});
  CHECK(resumed.code == 2);
  CHECK_THAT(resumed.err, ContainsSubstring("m.xml: the file has changed since the interrupted run"));
}

TEST_CASE("a model file's mistakes come with file and line, beside the scenario's own") {
  const TemporaryFolder folder;
  folder.write("m.xml",
               "<model reads=\"images\" sample=\"1 8 8\" classes=\"10\">\n<konv/>\n<flatten/><classifier/></model>");
  std::string text = with_model("tiny.xml", R"(file="m.xml" kernel="3")");
  text = std::regex_replace(text, std::regex("rounds=\"5\""), "rounds=\"0\"");
  const Ended wrong = msfusion_program({"check", folder.write("s.xml", text)});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, ContainsSubstring("m.xml:2: <konv> stands here"));
  CHECK_THAT(wrong.err, ContainsSubstring("s.xml:6: kernel=\"3\" in <model> beside a model file"));
  CHECK_THAT(wrong.err, ContainsSubstring("s.xml:7: rounds=\"0\""));

  folder.write("m.xml",
               "<model reads=\"images\" sample=\"1 8 8\" classes=\"10\">\n<max-pool kernel=\"9\"/>\n"
               "<flatten/><classifier/></model>");
  const Ended small = msfusion_program({"check", folder.write("s.xml", with_model("tiny.xml", R"(file="m.xml")"))});
  CHECK(small.code == 2);
  CHECK_THAT(small.err, ContainsSubstring("m.xml:2: <max-pool>: a window of 9 on 1 x 8 x 8"));
  const Ended words = msfusion_program(
      {"check", folder.write("s.xml", with_model("tiny.xml", shipped("lstm"))), "--set", "data.set=synthetic"});
  CHECK(words.code == 2);
  CHECK_THAT(words.err, ContainsSubstring("with set=\"synthetic\" in <data>; text is needed"));
  const Ended unknown = msfusion_program(
      {"check", folder.write("s.xml", with_model("tiny.xml", shipped("cnn") + R"( parameters="witdhs=3")"))});
  CHECK(unknown.code == 2);
  CHECK_THAT(unknown.err, ContainsSubstring("did you mean 'widths'?"));
}

TEST_CASE("check --model prints layers, axes and the published totals") {
  const Ended table = msfusion_program({"check", "--model", source_file("scenarios/models/mobilenet-v2.xml")});
  require_success(table);
  CHECK_THAT(table.out, ContainsSubstring("stage2.block1.depthwise"));
  CHECK_THAT(table.out, ContainsSubstring("3504872 parameters"));
  CHECK_THAT(table.out, ContainsSubstring("25 axes can be cut in width"));
  const Ended small = msfusion_program({"check", "--model", source_file("scenarios/models/vgg11.xml"), "--sample",
                                        "3 32 32", "--classes", "10", "--parameters", "units=512"});
  require_success(small);
  // 9220480 of the convolutions, 512 x 512 + 512 twice, 512 x 10 + 10.
  CHECK_THAT(small.out, ContainsSubstring("9750922 parameters"));
  CHECK(msfusion_program({"check"}).code == 2);
}

TEST_CASE("planning a large model needs no memory in proportion") {
  const TemporaryFolder folder;
  std::string text = text_of(source_file("scenarios/gpt2-cost.xml"));
  text = std::regex_replace(text, std::regex("<model [^>]*/>"), "<model " + shipped("gpt2-medium") + "/>");
  text = std::regex_replace(text, std::regex("\\.\\./platforms"), source_file("platforms"));
  const Ended plan = msfusion_program({"plan", folder.write("s.xml", text), "-o", folder.file("r")});
  require_success(plan);
  constexpr std::int64_t kParameterBytes = 4 * std::int64_t{354'823'168};
  CHECK(plan.peak_bytes < kParameterBytes / 4);
}
