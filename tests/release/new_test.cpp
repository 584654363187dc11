// The commands for the first minutes: new and doctor.
#include <sched.h>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <string>

#include "sim/record/format.hpp"
#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++times;
  return times;
}

}  // namespace

TEST_CASE("a new scenario is one that check accepts, with the fleet, data and methods asked for") {
  const TemporaryFolder folder;
  const Ended made = msfusion_program({"new", "--devices", "60% old-phone on 4g, 40% laptop on wifi4", "--data",
                                       "fashion-mnist", "--methods", "msfusion,fedavg", "-o", folder.file("mine.xml")});
  INFO(made.err);
  REQUIRE(made.code == 0);
  const std::string platform = text_of(folder.file("mine-platform.xml"));
  CHECK(count(platform, "<host id=\"old-phone-") == 6);
  CHECK(count(platform, "<host id=\"laptop-") == 4);
  const Ended checked = msfusion_program({"check", folder.file("mine.xml")});
  INFO(checked.err);
  CHECK(checked.code == 0);
  CHECK_THAT(checked.out,
             ContainsSubstring("mine: 10 devices, 60000 training and 10000 test samples, 10 rounds, 2 runs"));
}

TEST_CASE("a new scenario explains every attribute that it states") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program({"new", "--target", "0.5 0.7", "-o", folder.file("mine.xml")}).code == 0);
  const std::string text = text_of(folder.file("mine.xml"));
  const std::regex element("\n  -->|\n  <([a-z]+) ([^>]*)/>"), attribute("([a-z-]+)=\"");
  std::size_t attributes = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), element), end; at != end; ++at) {
    const std::string written = (*at)[2], before = text.substr(0, static_cast<std::size_t>(at->position()));
    const std::string comment = before.substr(before.rfind("<!--"));
    for (std::sregex_iterator a(written.begin(), written.end(), attribute); a != end; ++a, ++attributes) {
      INFO(at->str() << (*a)[1]);
      if ((*a)[1] != "kind") CHECK_THAT(comment, ContainsSubstring("\n       " + (*a)[1].str() + ": "));
    }
  }
  CHECK(attributes >= 11);
}

TEST_CASE("a new scenario for text takes a model that reads text") {
  const TemporaryFolder folder;
  const std::string text = input("text");
  REQUIRE(msfusion_program({"new", "--data", "tokens", "--path", text, "-o", folder.file("words.xml")}).code == 0);
  CHECK_THAT(text_of(folder.file("words.xml")), ContainsSubstring("<model kind=\"lstm\""));
  const Ended checked = msfusion_program({"check", folder.file("words.xml")});
  INFO(checked.err);
  CHECK(checked.code == 0);
}

TEST_CASE("new writes nothing over a file, and nothing at all after a mistake") {
  const TemporaryFolder folder;
  folder.write("mine.xml", "precious");
  const auto fails = [&](std::vector<std::string> words, const std::string& message) {
    words.insert(words.begin(), "new");
    const Ended ended = msfusion_program(words);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.err, ContainsSubstring(message));
  };
  fails({"-o", folder.file("mine.xml")}, "is there already");
  CHECK(text_of(folder.file("mine.xml")) == "precious");
  const std::string other = folder.file("other.xml");
  fails({"-o", other, "--methods", "fedavgg"}, "did you mean 'fedavg'");
  fails({"-o", other, "--model", "cnnn"}, "did you mean 'cnn'");
  fails({"-o", other, "--target", "much"}, "accuracy=\"much\"");
  fails({"-o", other, "--devices", "60% no-phone on 4g"}, "no-phone");
  fails({"-o", folder.file("a b.xml")}, "name=\"a b\"");
  CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("doctor says what is there, and what is missing for what") {
  const Ended all = msfusion_program({"doctor"});
  CHECK(all.code == 0);
  CHECK_THAT(all.out, ContainsSubstring("LibTorch loads") && ContainsSubstring("data synthetic"));

  const TemporaryFolder folder;
  fs::create_directories(folder.path() / "cifar-10");
  const Ended bare = msfusion_program({"doctor"}, [&] {
    setenv("PATH", folder.path().c_str(), 1);
    setenv("MSFUSION_SHARE", folder.path().c_str(), 1);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
  });
  CHECK(bare.code == 1);
  CHECK_THAT(bare.out, ContainsSubstring("a file of the program is missing") &&
                           ContainsSubstring("cores             1,") &&
                           ContainsSubstring("node              missing; needed for") &&
                           ContainsSubstring("Scenarios cannot be run: see own files above."));
}

TEST_CASE("every command's help ends with an example of its own") {
  const std::string help = msfusion_program({"--help"}).out, all = help.substr(help.find("Subcommands:")),
                    list = all.substr(0, all.find("\n\n"));
  const std::regex command("\n  ([a-z]+) ");
  int commands = 0;
  for (std::sregex_iterator at(list.begin(), list.end(), command), end; at != end; ++at, ++commands) {
    INFO((*at)[1]);
    const std::string text = msfusion_program({(*at)[1], "--help"}).out;
    CHECK(std::regex_search(text, std::regex("\nExamples?[^\n]*:\n  .*msfusion " + (*at)[1].str())));
    if ((*at)[1] != "run") CHECK(text.find("msfusion run ") == text.npos);
  }
  CHECK(commands >= 14);
}

TEST_CASE("a near miss of a data set or a list gets a suggestion") {
  CHECK_THAT(msfusion_program({"new", "--data", "FashionMNIST"}).err,
             ContainsSubstring("did you mean 'fashion-mnist'?"));
  CHECK_THAT(msfusion_program({"list", "devcies"}).err, ContainsSubstring("did you mean 'devices'?"));
}

TEST_CASE("on a terminal new asks, repeats a question that it cannot use the answer of, and writes what was answered") {
  if (std::system("command -v script > /dev/null") != 0) {
    WARN("not tried: script is not installed");
    return;
  }
  const TemporaryFolder folder;
  folder.write(
      "answers",
      "50% old-fone on 4g\n3 old-phone on 4g, 2 laptop on wifi4\nsynthetic\nmsfusion, fedavgg\nmsfusion, scaffold\n"
      "0\n3\n0.5 0.7\n");
  const std::string command =
      "cd " + folder.path().string() + " && script -qec '" + program_path() + " new -o mine.xml' seen < answers > out";
  REQUIRE(std::system(command.c_str()) == 0);
  const std::string seen = text_of(folder.file("out"));
  CHECK_THAT(seen, ContainsSubstring("did you mean 'old-phone'") && ContainsSubstring("did you mean 'fedavg'") &&
                       ContainsSubstring("a whole number from 1") && ContainsSubstring("msfusion run mine.xml"));
  const std::string text = text_of(folder.file("mine.xml"));
  CHECK_THAT(text, ContainsSubstring("set=\"synthetic\"") && ContainsSubstring("<method name=\"scaffold\"/>") &&
                       ContainsSubstring("rounds=\"3\"") && ContainsSubstring("accuracy=\"0.5 0.7\""));
  CHECK(count(text_of(folder.file("mine-platform.xml")), "<host id=\"laptop-") == 2);
  CHECK(msfusion_program({"check", folder.file("mine.xml")}).code == 0);
}

TEST_CASE("answers that end early leave nothing") {
  if (std::system("command -v script > /dev/null") != 0) return;
  const TemporaryFolder folder;
  folder.write("answers", "\n\x04");  // the end of input, as a terminal takes it
  const std::string command =
      "cd " + folder.path().string() + " && script -qec '" + program_path() + " new -o mine.xml' seen < answers > out";
  CHECK(std::system(command.c_str()) != 0);
  CHECK_THAT(text_of(folder.file("out")), ContainsSubstring("the answers end early"));
  CHECK_FALSE(fs::exists(folder.file("mine.xml")));
}

TEST_CASE("settings of SimGrid's own are recorded with the run, and the report shows which change its clock") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program({"new", "--data", "synthetic", "--methods", "fedavg", "--devices", "3 laptop on wifi4", "-o",
                            folder.file("mine.xml")})
              .code == 0);
  const auto plan = [&](const std::vector<std::string>& more, const std::string& out) {
    std::vector<std::string> words = {"plan", folder.file("mine.xml"), "-o", folder.file(out)};
    words.insert(words.end(), more.begin(), more.end());
    REQUIRE(msfusion_program(words).code == 0);
    return StoreReader(folder.file(out + "/run.sqlite")).meta();
  };
  const auto plain = plan({}, "plain");
  CHECK(plain.count(meta_key::simgrid) == 0);
  const auto changed = plan({"--cfg", "network/bandwidth-factor:0.5", "--cfg", "contexts/stack-size:64"}, "changed");
  CHECK(changed.at(meta_key::simgrid) == "network/bandwidth-factor:0.5 contexts/stack-size:64");
  CHECK(changed.at(meta_key::simgrid_clock) == "network/bandwidth-factor:0.5");
  REQUIRE(msfusion_program({"report", folder.file("changed"), "-o", folder.file("page.html")}).code == 0);
  CHECK_THAT(
      text_of(folder.file("page.html")),
      ContainsSubstring("<dt>SimGrid settings that change simulated times</dt><dd>network/bandwidth-factor:0.5</dd>"));
  CHECK_THAT(msfusion_program({"check", folder.file("mine.xml"), "--cfg", "nonsense"}).err,
             ContainsSubstring("KEY:VALUE"));
}
