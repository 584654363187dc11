// Models far wider than this computer's memory.
#include <fmt/format.h>

#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("a model of GPT-3's width is planned without memory or time in proportion to it") {
  const TemporaryFolder folder;
  const std::string scenario = folder.write("gpt3.xml", fmt::format(R"(<scenario name="gpt3">
  <platform file="{}"/>
  <data set="synthetic" synthetic-vocabulary="50257" train-samples="200" test-samples="20"/>
  <model kind="transformer" embedding="12288" heads="96" ffn="49152" layers="96" window="64"/>
  <training rounds="3"/>
  <constraints memory="ignore"/>
  <methods>
    <method name="METHOD" split="0.25"/>
  </methods>
</scenario>
)",
                                                                    input("platform.xml")));
  const std::string text = text_of(scenario);
  for (const std::string method : {"msfusion", "heterofl", "fedrolex", "feddropout", "narrow"}) {
    std::string one = text;
    one.replace(one.find("METHOD"), 6, method);
    folder.write("one.xml", one);
    const Ended ended = msfusion_program({"plan", folder.file("one.xml"), "-o", folder.file(method)});
    INFO(method << ": " << ended.cpu_seconds << " s, " << ended.peak_bytes << " bytes; " << ended.err);
    CHECK(ended.code == 0);
    CHECK(ended.cpu_seconds < 4);
    CHECK(ended.peak_bytes < 300'000'000);
  }
}
