#include "tests/scenario/scenario_file.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using test::Parts;

namespace {

Parts with(const std::string& privacy, const std::string& method = "name='fedavg'") {
  Parts parts;
  parts.methods = "<methods><method " + method + "/></methods>";
  parts.more = privacy;
  return parts;
}

}  // namespace

TEST_CASE("privacy is every method's") {
  const Scenario scenario = read(with("<privacy clip='0.5' noise='1.1' delta='1e-6' clip-quantile='0.4'/>"));
  const PrivacyOptions& privacy = scenario.methods.front().privacy;
  CHECK(privacy.clip == 0.5);
  CHECK(privacy.noise == 1.1);
  CHECK(privacy.delta == 1e-6);
  CHECK(privacy.clip_quantile == 0.4);
  CHECK(privacy.clip_rate == 0.2);
  CHECK_FALSE(read(with("")).methods.front().privacy.clip.has_value());
}

TEST_CASE("a mistake in privacy is told") {
  const auto [privacy, method, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"<privacy clip='1' noise='1'/>", "name='fedavg'", "7: noise=\"1\" in <privacy> without delta"},
      {"<privacy noise='1' delta='1e-5'/>", "name='fedavg'", "7: noise=\"1\" in <privacy>; allowed only with clip"},
      {"<privacy clip='0'/>", "name='fedavg'", "7: clip=\"0\" in <privacy>; allowed: a number above 0"},
      {"<privacy clip='1' noise='1' delta='0.5'/>", "name='fedavg'", "7: delta=\"0.5\" in <privacy>; allowed"},
      {"<privacy clip='1' noise='1' delta='1e-5' population='10'/>", "name='fedavg'",
       "7: population=\"10\" in <privacy> alone"},
      {"<privacy clip='1' noise='1' delta='1e-5' population='10' noise-cohort='11'/>", "name='fedavg'",
       "7: noise-cohort=\"11\" in <privacy>; at most as many as population"},
      {"<privacy secure-aggregation='on' agreement-time='1ms' sharing-time='1ms'/>", "name='fedavg'",
       "7: secure-aggregation=\"on\" in <privacy> without mask-time"},
      {"<privacy mask-time='1ns'/>", "name='fedavg'",
       "7: mask-time=\"1ns\" in <privacy>; allowed only with secure-aggregation=\"on\""},
      {"<privacy secure-aggregation='on' agreement-time='1ms' sharing-time='1ms' mask-time='1ns'/>", "name='msfusion'",
       "6: method msfusion: secure aggregation where the exchange is \"peers\""},
      {"<privacy clip='1' clip-rate='1'/>", "name='fedavg'",
       "7: clip-rate=\"1\" in <privacy>; allowed only with clip-quantile"},
      {"<privacy clip='1'/>", "name='fedbuff'",
       "6: method fedbuff: clip in <privacy> where the exchange is \"asynchronous\": updates enter the model one by "
       "one"},
      {"<privacy clip='1'/>", "name='fedavg' weights='samples'",
       "6: weights=\"samples\" in <method> with clip in <privacy>"},
  }));
  INFO(mistakes(with(privacy, method)));
  CHECK_THAT(mistakes(with(privacy, method)), StartsWith(expected));
}
