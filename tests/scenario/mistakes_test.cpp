#include "tests/scenario/scenario_file.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using test::Parts;

namespace {

Parts with(std::string Parts::*member, const std::string& text) {
  Parts parts;
  parts.*member = text;
  return parts;
}

std::string method(const std::string& attributes) {
  return "<methods><method " + attributes + "/></methods>";
}

}  // namespace

TEST_CASE("a mistake is told with its line, what was found and what is allowed") {
  using P = Parts;
  const auto [member, text, expected] = GENERATE(table<std::string P::*, std::string, std::string>({
      {&P::methods, method("name='fedvag'"),
       "6: name=\"fedvag\" in <method>; allowed: one of msfusion, fedavg, narrow, fedprox, fedavgm, fedadam, scaffold, "
       "fednova, feddyn, "
       "moon, "
       "heterofl, fedrolex, feddropout, dpsgd, dfedavg, splitfed, fedavg-distill, dsfl, local, centralised, fedasync, "
       "fedbuff, ditto, fedper, fedbn, diloco, streaming-diloco, async-diloco, data-parallel, fjord, "
       "depthfl, inclusivefl, scalefl, fiarse; "
       "did you mean 'fedavg'?\n"},
      {&P::methods, method("name='msfusion' split='0'"),
       "6: split=\"0\" in <method>; allowed: a number above 0 and up to 1, several such numbers separated by blanks, "
       "auto or device\n"},
      {&P::methods, method("name='msfusion' split='1.5'"),
       "6: split=\"1.5\" in <method>; allowed: a number above 0 and up to 1, several such numbers separated by blanks, "
       "auto or device\n"},
      {&P::methods, method("name='msfusion' splt='1'").substr(0),
       "6: unknown attribute splt in <method>; allowed: one of name, label, rounds, split, levels, split-rule, "
       "direction, objective, mu, scaler, cohort, graph, degree, "
       "probability, radius, "
       "graph-file, weights, server-learning-rate, beta, beta1, beta2, server-tau, staleness-exponent, mixing, buffer, "
       "concurrency, "
       "cut, distill-steps, open-samples, sharpen, exchange, merge, zeta, shift, overlap, overlap-control, "
       "overlap-end, "
       "contrastive, lambda, tau, negatives, compare, own-weight, encoding, down, of, rounding, bits, bucket, "
       "ratio, rank, vote-step, error-feedback, consensus-step, personal, head-layers, pull, local-steps, state, "
       "server-nesterov, "
       "all-reduce, fragments, overlap-transfers, keep-local, momentum-every, "
       "selection, over-select, candidates, candidate-loss, "
       "slow-exponent, "
       "duration-percentile, cutoff, utility-quantile, explore, explore-decay, explore-least, most-reports, tiers, "
       "tier-choice, tier-shares, tier-interval, round-time, widths, self-distillation, depth, exits, "
       "stages, ramp, distil-from, momentum-distillation, "
       "kept-weights; did you mean "
       "'split'?\n"},
      {&P::methods, "<methods/>", "6: <methods> has no <method>; it is needed\n"},
      {&P::methods, "", "1: <scenario> has no <methods>; it is needed\n"},
      {&P::methods, "<methods><method name='fedavg'/>\n<method name='fedavg'/></methods>",
       "7: name=\"fedavg\" in <method>: the method on line 6 has the same label; needed: a label of its own\n"},
      {&P::methods, method("name='fedavg' label='a&#10;b'"),
       "6: label=\"a\nb\" in <method>; a text on one line, not only blanks\n"},
      {&P::more, "<metods/>",
       "7: unknown element <metods> in <scenario>; allowed: one of platform, data, model, training, evaluation, "
       "constraints, privacy, "
       "prices, methods, seeds, sweep, target, notes; did you mean 'methods'?\n"},
      {&P::more, "<constraints close='deadline' deadline='30sec'/>",
       "7: deadline=\"30sec\" in <constraints>; allowed: a number with a unit: ns, us, ms, s, min, h or d (\"30s\")\n"},
      {&P::more, "<constraints close='deadline'/>",
       "7: close=\"deadline\" in <constraints> without a deadline; needed: deadline, e.g. \"30s\"\n"},
      {&P::more, "<constraints close='deadline' deadline='0'/>",
       "7: deadline=\"0\" in <constraints>; a time above 0 is needed\n"},
      {&P::more, "<constraints close='quorum'/>",
       "7: close=\"quorum\" in <constraints> without a quorum; needed: quorum, e.g. \"0.8\"\n"},
      {&P::more, "<constraints quorum='0.5'/>",
       "7: quorum=\"0.5\" in <constraints>; allowed only with close=\"quorum\"\n"},
      {&P::more, "<prices energy='0.3EUR/kWh'/>",
       "7: energy=\"0.3EUR/kWh\" in <prices>; allowed: a number with the unit USD/kWh (\"0.3USD/kWh\"); did you mean "
       "'0.3USD/kWh'? USD stands for any currency\n"},
      {&P::more, "<target accuracy='0.8 0.7'/>",
       "7: accuracy=\"0.8 0.7\" in <target>; each must be larger than the one before\n"},
      {&P::more, "<seeds values='1 2 1'/>", "7: values=\"1 2 1\" in <seeds>; each seed may stand there once\n"},
      {&P::scenario, "",
       "1: <scenario> has no name; needed: 1 to 100 letters, digits, '.', '_' or '-', the first of them no '.'\n"},
      {&P::scenario, "name='../x'",
       "1: name=\"../x\" in <scenario>; allowed: 1 to 100 letters, digits, '.', '_' or '-', the first of them no "
       "'.'\n"},
      {&P::training, "<training/>", "5: <training> has no rounds; needed: a whole number from 1 to 1000000000\n"},
      {&P::training, "<training\nrounds='1'\nlocal-epochs='1'\nlocal-steps='1'/>",
       "7: local-epochs=\"1\" in <training>; allowed only with no local-steps beside it: one of the two\n"},
      {&P::training, "<training rounds='1' nesterov='on'/>",
       "5: nesterov=\"on\" in <training> without momentum; needed: momentum above 0\n"},
      {&P::training, "<training rounds='1' optimiser='adam' momentum='0.9'/>",
       "5: momentum=\"0.9\" in <training>; allowed only with optimiser=\"sgd\"\n"},
      {&P::training, "<training rounds='1' beta1='0.9'/>",
       "5: beta1=\"0.9\" in <training>; allowed only with optimiser=\"adam\" or \"adamw\"\n"},
      {&P::training, "<training rounds='1' schedule='step'/>",
       "5: schedule=\"step\" in <training> without milestones; needed: milestones, in rounds\n"},
      {&P::training, "<training rounds='1' schedule='step' milestones='2 2'/>",
       "5: milestones=\"2 2\" in <training>; each must be later than the one before\n"},
      {&P::data, "<data set='synthetic' alpha='1'/>",
       "3: alpha=\"1\" in <data>; allowed only with partition=\"dirichlet\"\n"},
      {&P::data, "<data set='synthetic' path='x'/>",
       "3: path=\"x\" in <data>; allowed only with sets that are read from files\n"},
      {&P::data, "<data set='mnist' synthetic-side='4'/>",
       "3: synthetic-side=\"4\" in <data>; allowed only with set=\"synthetic\"\n"},
      {&P::data, "<data set='tokens'/>",
       "4: kind=\"mlp\" in <model> with set=\"tokens\" in <data>; for text a transformer or an lstm is needed\n"},
      {&P::model, "<model kind='lstm'/>",
       "4: kind=\"lstm\" in <model> with set=\"synthetic\" in <data>; text is needed: one of tokens, characters\n"},
      {&P::model, "<model kind='mlp' channels='3'/>",
       "4: channels=\"3\" in <model>, which kind=\"mlp\" does not have; allowed: one of hidden\n"},
      {&P::model, "<model kind='cnn' kernel='4'/>",
       "4: kernel=\"4\" in <model>; with padding=\"same\" an odd number is needed\n"},
      {&P::model, "<model kind='cnn' groups='4'/>", "4: groups=\"4\" in <model>; allowed only with norm=\"group\"\n"},
      {&P::model, "<model kind='resnet' widths='8 16'/>",
       "4: widths=\"8 16\" in <model>: 2 widths and 4 numbers of blocks; as many blocks as widths are needed (both "
       "have 4 by default)\n"},
      {&P::platform, "<platform file='none.xml' network='CM3'/>",
       "2: network=\"CM3\" in <platform>; allowed: one of CM02, LV08\n"},
  }));
  INFO(text);
  const std::string found = test::mistakes(with(member, text));
  CHECK(found.substr(0, expected.size()) == expected);
}

TEST_CASE("a platform file that is not there is told with the scenario's line") {
  const std::string found = test::mistakes(with(&Parts::platform, "<platform file='none.xml'/>"));
  CHECK(found.find("2: file=\"none.xml\" in <platform>: there is no ") == 0);
  CHECK(test::mistakes(with(&Parts::platform, "<platform file='.'/>")).find("is a folder") != std::string::npos);
}

TEST_CASE("counts are whole, decimal and in their range") {
  const std::string value = GENERATE(as<std::string>(), "0", "-0", "-1", "+1", "1.5", "1e3", "nan", "inf", "1e999",
                                     "0x10", "", "1 2", "1000000001", "99999999999999999999999999999999", "٣");
  CHECK(test::mistakes(with(&Parts::training, "<training rounds='" + value + "'/>")) ==
        "5: rounds=\"" + value + "\" in <training>; allowed: a whole number from 1 to 1000000000\n");
}

TEST_CASE("numbers are finite, decimal and in their range") {
  const std::string value = GENERATE(as<std::string>(), "0", "-0", "-1", "+1", "nan", "NaN", "inf", "INF", "1e999",
                                     "1e-999", "0x10", "", "1 2", "1e13");
  CHECK(test::mistakes(with(&Parts::training, "<training rounds='1' learning-rate='" + value + "'/>")) ==
        "5: learning-rate=\"" + value + "\" in <training>; allowed: a number above 0 and up to 1e12\n");
}

TEST_CASE("lists are checked item by item") {
  const std::string value = GENERATE(as<std::string>(), "", "0", "64 0", "64 -1", "65537", "64 x");
  CHECK(test::mistakes(with(&Parts::model, "<model kind='mlp' hidden='" + value + "'/>")) ==
        "4: hidden=\"" + value +
            "\" in <model>; allowed: 1 to 1000 whole numbers from 1 to 65536, separated by blanks\n");
}

TEST_CASE("seeds have 64 bits") {
  const std::string value = GENERATE(as<std::string>(), "", "-1", "18446744073709551616", "1.0", "1 -0");
  CHECK(test::mistakes(with(&Parts::more, "<seeds values='" + value + "'/>")) ==
        "7: values=\"" + value +
            "\" in <seeds>; allowed: 1 to 1000 whole numbers from 0 to 18446744073709551615, separated by blanks\n");
}

TEST_CASE("all mistakes of a file come at once, by line, those of the schema and those of meaning") {
  Parts parts;
  parts.data = "<data set='synthetic' partition='diriclet' alpha='0.1'/>";
  parts.model = "<model kind='cnn' kernel='2'\n channels='x'/>";
  parts.methods = "<methods><method name='msfusion' split='2'/><oops/>\n<method name='msfusion'/></methods>";
  parts.more = "<target accuracy='0.8 0.7'/>";
  const std::string found = test::mistakes(parts);
  std::vector<std::string> starts;
  for (std::size_t at = 0; at < found.size(); at = found.find('\n', at) + 1)
    starts.push_back(found.substr(at, found.find_first_of("=;", at) - at));
  CHECK(starts == std::vector<std::string>{"3: partition", "4: kernel", "5: channels", "7: split",
                                           "7: unknown element <oops> in <methods>", "8: name", "9: accuracy"});
}

TEST_CASE("times have a unit and are above 0") {
  const std::string value = GENERATE(as<std::string>(), "30", "-1s", "1e999s", "nans", "s", "", "30 sec", "1e308d");
  CHECK(test::mistakes(with(&Parts::more, "<constraints close='deadline' deadline='" + value + "'/>")) ==
        "7: deadline=\"" + value +
            "\" in <constraints>; allowed: a number with a unit: ns, us, ms, s, min, h or d (\"30s\")\n");
}

TEST_CASE("an attribute that no model has is told once") {
  const std::string found = test::mistakes(with(&Parts::model, "<model kind='mlp' kernal='3'/>"));
  CHECK(found.find("4: unknown attribute kernal") == 0);
  CHECK(found.find('\n') == found.size() - 1);
}

TEST_CASE("what people write for what they mean is suggested") {
  struct Row {
    std::string Parts::*part;
    const char *text, *suggestion;
  };
  using P = Parts;
  for (const Row& row : std::vector<Row>{
           {&P::more, "<target accuracy='60'/>", "'0.6'"},
           {&P::more, "<target accuracy='60 %'/>", "'0.6'"},
           {&P::model, "<model kind='mlp' hidden='64,32'/>", "'64 32'"},
           {&P::data, "<data set='FashionMNIST'/>", "'fashion-mnist'"},
           {&P::training, "<training rounds='1' learning-rate='0,1'/>", "'0.1'"},
           {&P::more, "<prices energy='0.3EUR/kWh'/>", "'0.3USD/kWh'"},
       }) {
    INFO(row.text);
    CHECK_THAT(test::mistakes(with(row.part, row.text)),
               ContainsSubstring(std::string("did you mean ") + row.suggestion));
  }
  CHECK_THAT(test::mistakes("<scenario name=x'/>"), ContainsSubstring("is a quotation mark missing"));
}

TEST_CASE("a rate may be a fraction") {
  const Scenario scenario = test::read(with(&Parts::methods, method("name='msfusion' split='1/8'")));
  CHECK(scenario.methods.front().split.rate.levels == std::vector<double>{0.125});
  CHECK_FALSE(test::mistakes(with(&Parts::methods, method("name='msfusion' split='9/8'"))).empty());
  CHECK_FALSE(test::mistakes(with(&Parts::methods, method("name='msfusion' split='1/0'"))).empty());
}
