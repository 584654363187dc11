#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct Row {
  const char *what, *from, *to, *says;
};

// Every mistake ends with exit code 2 and a message before anything runs.
void check_refused(const TemporaryFolder& folder, const std::string& scenario, const std::string& says) {
  const Ended run = msfusion_program({"run", folder.write("s.xml", scenario), "-o", folder.file("out")});
  INFO(run.out << run.err);
  CHECK(run.code == 2);
  CHECK_THAT(run.err, ContainsSubstring(says));
  CHECK_FALSE(std::filesystem::exists(folder.file("out/run.sqlite")));
}

}  // namespace

TEST_CASE("a wrong scenario is refused with file, line, what was found and what is allowed") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  const std::string good = text_of(input("tiny.xml"));
  for (const Row& row : std::vector<Row>{
           {"not XML", "<?xml", "plainly not", "s.xml:1"},
           {"an unknown element", "<evaluation every=\"2\"/>", "<evaluate every=\"2\"/>",
            "s.xml:8: unknown element <evaluate>"},
           {"an unknown attribute", "every=\"2\"", "evry=\"2\"", "s.xml:8: "},
           {"an unknown method", "name=\"heterofl\"", "name=\"heterofly\"", "s.xml:12: "},
           {"a split of nothing", "name=\"heterofl\" split=\"0.5\"", "name=\"heterofl\" split=\"0\"", "s.xml:12: "},
           {"a split of more than all", "name=\"heterofl\" split=\"0.5\"", "name=\"heterofl\" split=\"1.5\"",
            "s.xml:12: "},
           {"a unit that does not exist", "0.3USD/kWh", "0.3EUR/kWh", "s.xml:9: "},
           {"a missing platform file", "file=\"platform.xml\"", "file=\"nowhere.xml\"", "nowhere.xml"},
           {"a platform that is none", "file=\"platform.xml\"", "file=\"s.xml\"", "s.xml:"},
           {"no rounds", "rounds=\"5\"", "rounds=\"0\"", "s.xml:7: "},
           {"more devices than data", "train-samples=\"160\"", "train-samples=\"3\"", "s.xml:5: "},
           {"a data set that is not installed", "set=\"synthetic\"", "set=\"cifar-10\" path=\"/nowhere\"", "cifar-10"},
           {"an attribute that the method has no use for", "<method name=\"fedavg\"/>",
            "<method name=\"fedavg\" zeta=\"2\"/>", "s.xml:14: "},
       }) {
    INFO(row.what);
    check_refused(folder, replaced(good, row.from, row.to), row.says);
  }
}

TEST_CASE("all mistakes of a scenario are told at once") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  std::string text = text_of(input("tiny.xml"));
  text = replaced(text, "rounds=\"5\"", "rounds=\"-1\"");
  text = replaced(text, "name=\"heterofl\" split=\"0.5\"", "name=\"heterofl\" split=\"7\"");
  const Ended run = msfusion_program({"check", folder.write("s.xml", text)});
  CHECK(run.code == 2);
  CHECK_THAT(run.err, ContainsSubstring("s.xml:7: ") && ContainsSubstring("s.xml:12: "));
}

TEST_CASE("a device with no route to another is named") {
  const TemporaryFolder folder;
  folder.write("platform.xml", replaced(text_of(input("platform.xml")),
                                        "<route src=\"phone-3\" dst=\"hub\"><link_ctn id=\"air-3\"/></route>", ""));
  check_refused(folder, text_of(input("tiny.xml")), "phone-3");
}

TEST_CASE("a data set that is not there says how to get it") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  check_refused(folder,
                replaced(text_of(input("tiny.xml")), "set=\"synthetic\"", "set=\"fashion-mnist\" path=\"/nowhere\""),
                "apt install dataset-fashion-mnist");
}

TEST_CASE("an output folder that cannot be made is refused") {
  const TemporaryFolder folder;
  folder.write("file", "in the way");
  const Ended run = msfusion_program({"run", input("tiny.xml"), "-o", folder.file("file/sub")});
  CHECK(run.code == 2);
  CHECK_THAT(run.err, ContainsSubstring("output folder") && ContainsSubstring("-o DIR"));
}

TEST_CASE("words that the command line does not know end with exit code 2") {
  CHECK(msfusion_program({"dance"}).code == 2);
  CHECK(msfusion_program({}).code == 2);
  CHECK(msfusion_program({"run", input("tiny.xml"), "--set", "nonsense"}).code == 2);
  CHECK(msfusion_program({"report", "/nowhere"}).code == 2);
}

TEST_CASE("a device that LibTorch does not have is refused before anything starts") {
  const TemporaryFolder folder;
  const Ended run = msfusion_program({"check", input("tiny.xml"), "--set", "training.device=cuda"});
  if (run.code == 0) return;  // here is one
  CHECK(run.code == 2);
  CHECK_THAT(run.err, ContainsSubstring("tiny.xml:") && ContainsSubstring("no CUDA") && ContainsSubstring("cpu"));
}

TEST_CASE("check tries every combination of a sweep, and mistakes name the line of the <vary>") {
  const TemporaryFolder folder;
  std::filesystem::copy(input("platform.xml"), folder.file("platform.xml"));
  const auto swept = [&](const std::string& vary) {
    return folder.write("s.xml",
                        replaced(text_of(input("two-methods.xml")), "</methods>\n",
                                 "</methods>\n  <seeds values=\"1 2 3\"/>\n  <sweep>\n" + vary +
                                     "\n<vary path=\"training.local-epochs\" values=\"1 | 2 | 3\"/></sweep>\n"));
  };
  const std::string scenario = swept("<vary path=\"training.batch\" values=\"8 | 4\"/>");
  const Ended good = msfusion_program({"check", scenario});
  INFO(good.out << good.err);
  CHECK(good.code == 0);
  CHECK_THAT(good.out, ContainsSubstring("two-methods: 6 combinations, 36 runs\n") &&
                           ContainsSubstring("batch-4_local-epochs-3: 4 devices"));
  const Ended on_the_line =
      msfusion_program({"check", scenario, "--set", "training.batch=2", "--set", "training.batch=0"});
  CHECK(on_the_line.code == 2);
  CHECK(on_the_line.err.rfind("--set training.batch=0: batch=\"0\" in <training>; ", 0) == 0);
  for (const char* command : {"check", "run"}) {
    const std::string of_value = folder.file("s.xml") + ":15: <vary> training.batch=0: batch=\"0\" in <training>; ";
    const Ended value = msfusion_program({command, swept("<vary path=\"training.batch\" values=\"8 | 0\"/>")});
    CHECK(value.code == 2);
    CHECK(value.err.rfind(of_value, 0) == 0);
    CHECK(value.err.find('\n') == value.err.size() - 1);  // once, not for every combination that has the value
    const Ended path = msfusion_program({command, swept("<vary path=\"training.bach\" values=\"8 | 4\"/>")});
    CHECK(path.code == 2);
    CHECK_THAT(path.err, ContainsSubstring("s.xml:15: <vary> training.bach=8: <training> has no attribute 'bach'"));
    const Ended contents = msfusion_program({command, swept("<vary path=\"data.train-samples\" values=\"9 | 3\"/>")});
    CHECK(contents.code == 2);
    CHECK_THAT(contents.err,
               ContainsSubstring("3 training samples (with data.train-samples=3 of " + scenario + ":15: <vary>); "));
  }
}

TEST_CASE("the command line suggests the command that was meant") {
  const Ended wrong = msfusion_program({"rnu", "s.xml"});
  CHECK(wrong.code == 2);
  CHECK_THAT(wrong.err, ContainsSubstring("there is no command \"rnu\"; one of run, plan, ") &&
                            ContainsSubstring("did you mean 'run'?"));
}

TEST_CASE("the parts of a platform are counts or shares, with churn and split of their own") {
  const TemporaryFolder folder;
  const auto platform = [](const std::vector<std::string>& parts, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"platform"};
    for (const std::string& part : parts) arguments.insert(arguments.end(), {"--part", part});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return msfusion_program(arguments);
  };
  const Ended counts = platform({"5 old-phone on 4g", "2 laptop on wifi4 in france split 0.5 churn exponential"});
  INFO(counts.out << counts.err);
  CHECK(counts.code == 0);
  CHECK_THAT(counts.out, ContainsSubstring("\n     5 x old-phone on 4g\n     2 x laptop on wifi4 in france -->"));
  CHECK_THAT(counts.out, ContainsSubstring("<prop id=\"split\" value=\"0.5\"/>") &&
                             ContainsSubstring("<trace id=\"laptop-1-state\""));
  CHECK(counts.out.find("<trace id=\"old-phone") == std::string::npos);
  CHECK_THAT(platform({"4 old-phone on 4g", "75% laptop on wifi4", "25% desktop-gpu on fibre"}, {"-n", "12"}).out,
             ContainsSubstring("4 x old-phone on 4g\n     6 x laptop on wifi4\n     2 x desktop-gpu on fibre"));
  CHECK_THAT(platform({"5 old-phone on 4g split 1/8"}).out, ContainsSubstring("<prop id=\"split\" value=\"0.125\"/>"));
  for (const auto& [part, says] : std::vector<std::pair<std::string, std::string>>{
           {"0.4 old-phone on 4g", "no count (a share has a %)"},
           {"40 old-phone on 4g", "parts of 40 devices in a fleet of 7; counts that add up"},
           {"40% old-phone on 4g split 2", "split 2 is no rate"},
           {"40% old-phone on 4g churn weekly", "\"churn weekly\""}}) {
    const Ended refused = platform({part}, {"-n", "7"});
    CHECK(refused.code == 2);
    CHECK_THAT(refused.err, ContainsSubstring(says));
  }
}
