// Whose results are these? Inputs that change, folders and checkpoints that are exchanged, files that are a user's own.
#include <signal.h>

#include <fstream>
#include <thread>

#include "sim/record/store.hpp"
#include "tests/e2e/folder_watch.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

// A run that reads a file of every kind, all in one folder.
class ManyFiles {
 public:
  ManyFiles() {
    fs::copy(input("text"), folder.file("text"));
    folder.write("on.txt", "0 1\n100 0\n101 1\n");
    folder.write("slow.txt", "0 1\n5000 0.5\n");
    folder.write("narrow.txt", "0 1e6\n5000 5e5\n");
    std::string platform = text_of(input("platform.xml"));
    platform = replaced(platform, "id=\"phone-1\"", "id=\"phone-1\" state_file=\"on.txt\" speed_file=\"slow.txt\"");
    platform = replaced(platform, "id=\"air-1\"", "id=\"air-1\" bandwidth_file=\"narrow.txt\"");
    folder.write("platform.xml", platform);
    folder.write("graph.xml", R"(<graphml><graph edgedefault="undirected">
<node id="a"/><node id="b"/><node id="c"/><node id="d"/>
<edge source="a" target="b"/><edge source="b" target="c"/><edge source="c" target="d"/></graph></graphml>)");
    folder.write("s.xml", R"(<scenario name="files"><platform file="platform.xml"/>
<data set="characters" path=")" +
                              folder.file("text") + R"(" train-samples="40" test-samples="10"/>
<model kind="lstm" embedding="4" hidden="4" layers="1" window="8"/><training rounds="2" batch="8"/>
<methods><method name="dfedavg" graph="file" graph-file="graph.xml"/></methods></scenario>)");
  }
  Ended run(bool resume) const {
    std::vector<std::string> words = {"run", folder.file("s.xml"), "-o", folder.file("r")};
    if (resume) words.push_back("--resume");
    return msfusion_program(words);
  }

  const TemporaryFolder folder;
};

std::vector<std::string> long_run(const std::string& folder, int rounds, bool resume = false) {
  std::vector<std::string> words = {"run",
                                    input("two-methods.xml"),
                                    "--set",
                                    "training.rounds=" + std::to_string(rounds),
                                    "-j",
                                    "1",
                                    "--checkpoint-every",
                                    "1",
                                    "-o",
                                    folder};
  if (resume) words.push_back("--resume");
  return words;
}

// Started in a folder, and stopped when so many checkpoints have been written there.
class Paused {
 public:
  Paused(const std::string& folder, int rounds, int checkpoints = 1) {
    fs::create_directories(folder + "/checkpoints");
    FolderWatch watch({folder + "/checkpoints"});
    program.emplace(long_run(folder, rounds));
    while (!program->has_ended()) {
      const auto event = watch.next(100);
      if (event && event->file.find(".checkpoint") != std::string::npos && --checkpoints == 0) break;
    }
    REQUIRE_FALSE(program->has_ended());
    runs = program->children();
    signal(SIGSTOP);
  }
  void signal(int number) const {
    program->signal(number);
    for (const pid_t run : runs) kill(run, number);
  }

  std::optional<Program> program;
  std::vector<pid_t> runs;
};

}  // namespace

TEST_CASE("a run resumes with the files that it began with, and names the one that has changed") {
  const ManyFiles files;
  const Ended whole = files.run(false);
  INFO(whole.out << whole.err);
  REQUIRE(whole.code == 0);
  REQUIRE(files.run(true).code == 0);
  const std::string text = fs::directory_iterator(files.folder.file("text"))->path().filename().string();
  for (const std::string& name : {std::string("graph.xml"), std::string("on.txt"), std::string("slow.txt"),
                                  std::string("narrow.txt"), "text/" + text}) {
    INFO(name);
    const std::string before = text_of(files.folder.file(name));
    std::ofstream(files.folder.file(name), std::ios::app) << "\n";
    const Ended resumed = files.run(true);
    INFO(resumed.out << resumed.err);
    CHECK(resumed.code == 2);
    CHECK_THAT(resumed.err, ContainsSubstring(name + ": the file has changed since the interrupted run"));
    std::ofstream(files.folder.file(name), std::ios::trunc) << before;
  }
  CHECK(files.run(true).code == 0);
}

TEST_CASE("checkpoints of other results are told and not taken") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(long_run(folder.file("whole"), 60)).code == 0);
  const std::string name = folder.file("r");
  {
    const Paused other(name, 60);
    other.program->kill_all();
  }
  fs::copy(name + "/checkpoints", folder.file("checkpoints"));
  fs::remove_all(name);
  // The same scenario once more, killed further on, with the first one's checkpoints in place of its own.
  {
    const Paused own(name, 60, 20);
    own.program->kill_all();
  }
  for (const auto& entry : fs::directory_iterator(name + "/checkpoints")) fs::remove(entry.path());
  fs::copy(folder.file("checkpoints"), name + "/checkpoints");
  const Ended resumed = msfusion_program(long_run(name, 60, true));
  INFO(resumed.out << resumed.err);
  CHECK(resumed.code == 0);
  CHECK_THAT(resumed.err, ContainsSubstring("belongs to other results than the ones in this folder"));
  CHECK(tables_of(name) == tables_of(folder.file("whole")));
}

TEST_CASE("a run whose folder another one has taken fails and leaves the other's results alone") {
  const TemporaryFolder folder;
  const std::string name = folder.file("r");
  Paused paused(name, 400);
  fs::rename(name, folder.file("moved"));
  REQUIRE(msfusion_program(long_run(name, 3)).code == 0);
  const auto tables = tables_of(name);
  const std::string page = text_of(name + "/report.html");
  paused.signal(SIGCONT);
  const Ended ended = paused.program->wait();
  INFO(ended.out << ended.err);
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, ContainsSubstring("another store lies in its place"));
  CHECK(tables_of(name) == tables);
  CHECK(text_of(name + "/report.html") == page);
}

TEST_CASE("a run that a signal stops alone has failed, with the cause, and resumes") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(long_run(folder.file("whole"), 60)).code == 0);
  const std::string name = folder.file("r");
  Paused paused(name, 60);
  REQUIRE_FALSE(paused.runs.empty());
  kill(paused.runs.front(), GENERATE(SIGTERM, SIGINT));
  paused.signal(SIGCONT);
  const Ended ended = paused.program->wait();
  INFO(ended.out << ended.err);
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, ContainsSubstring("failed: a signal from outside stopped the process of this run"));
  CHECK(msfusion_program(long_run(name, 60, true)).code == 0);
  CHECK(tables_of(name) == tables_of(folder.file("whole")));
}

TEST_CASE("a folder says what it holds: a plan is neither resumed nor recost, a recost is not resumed") {
  const TemporaryFolder folder;
  const auto words = [&](const char* command, const std::string& name) {
    return std::vector<std::string>{command, input("two-methods.xml"), "--set", "training.rounds=1",
                                    "-o",    folder.file(name)};
  };
  REQUIRE(msfusion_program(words("plan", "plan")).code == 0);
  std::vector<std::string> resume = words("run", "plan");
  resume.push_back("--resume");
  for (const auto& refused : {resume, std::vector<std::string>{"recost", folder.file("plan")}}) {
    const Ended ended = msfusion_program(refused);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.err, ContainsSubstring("these are the results of msfusion plan"));
  }
  REQUIRE(msfusion_program(words("run", "r")).code == 0);
  REQUIRE(msfusion_program({"recost", folder.file("r"), "-o", folder.file("again")}).code == 0);
  resume = words("run", "again");
  resume.push_back("--resume");
  const Ended ended = msfusion_program(resume);
  CHECK(ended.code == 2);
  CHECK_THAT(ended.err, ContainsSubstring("these are the results of msfusion recost"));
}

TEST_CASE("a folder with a user's own files is refused by their names, and they stay where they are") {
  const TemporaryFolder folder;
  fs::create_directory(folder.file("r"));
  folder.write("r/thesis.tex", "mine");
  const Ended fresh = msfusion_program(long_run(folder.file("r"), 1));
  CHECK(fresh.code == 2);
  CHECK_THAT(fresh.err, ContainsSubstring("thesis.tex"));
  fs::remove(folder.file("r/thesis.tex"));
  REQUIRE(msfusion_program(long_run(folder.file("r"), 1)).code == 0);
  folder.write("r/thesis.tex", "mine");
  folder.write("r/earlier-thoughts", "mine too");
  const Ended again = msfusion_program(long_run(folder.file("r"), 1));
  CHECK(again.code == 2);
  CHECK_THAT(again.err, ContainsSubstring("other things than results: earlier-thoughts, thesis.tex"));
  CHECK(text_of(folder.file("r/thesis.tex")) == "mine");
  CHECK_FALSE(fs::exists(folder.file("r/earlier-1")));
  CHECK(msfusion_program(long_run(folder.file("r"), 1, true)).code == 0);
}

TEST_CASE("a user's own files in the program's subfolders, and a file called run.sqlite, stay where they are") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(long_run(folder.file("r"), 1)).code == 0);
  folder.write("r/models/mine.txt", "mine");
  const Ended inside = msfusion_program(long_run(folder.file("r"), 1));
  CHECK(inside.code == 2);
  CHECK_THAT(inside.err, ContainsSubstring("other things than results: models/mine.txt"));
  CHECK(text_of(folder.file("r/models/mine.txt")) == "mine");
  fs::create_directory(folder.file("s"));
  folder.write("s/run.sqlite", "my own notes");
  const Ended named_alike = msfusion_program(long_run(folder.file("s"), 1));
  CHECK(named_alike.code == 2);
  CHECK_THAT(named_alike.err, ContainsSubstring("other things than results: run.sqlite"));
  CHECK(text_of(folder.file("s/run.sqlite")) == "my own notes");
}

TEST_CASE("an output folder may look like a URI, and may not have a path that SQLite cannot open") {
  const TemporaryFolder folder;
  const Ended uri = msfusion_program(long_run("file:zz", 1), [&] { fs::current_path(folder.path()); });
  INFO(uri.err);
  CHECK(uri.code == 0);
  CHECK(fs::exists(folder.file("file:zz/run.sqlite")));
  const std::string part(200, 'x');
  const auto of_length = [&](std::size_t length) {  // the store's path
    std::string path = folder.file(part + "/" + part + "/");
    return path + std::string(length - path.size() - std::string("/run.sqlite").size(), 'y');
  };
  CHECK(msfusion_program(long_run(of_length(480), 1)).code == 0);
  for (const std::size_t length : {std::size_t{481}, std::size_t{500}, std::size_t{700}}) {
    const Ended deep = msfusion_program(long_run(of_length(length), 1));
    CHECK(deep.code == 2);
    CHECK_THAT(deep.err, ContainsSubstring("at most 480: a shorter one with -o DIR"));
  }
}

TEST_CASE("a limit on the size of files ends the runs with that reason") {
  const TemporaryFolder folder;
  const rlim_t bytes = GENERATE(1 << 10, 8 << 10, 300 << 10);
  const Ended ended = msfusion_program(long_run(folder.file("r"), 200), [&] {
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
  });
  INFO(ended.err);
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, ContainsSubstring("ulimit -f"));
}

TEST_CASE("a transformer without heads and an lstm without units are refused") {
  for (const std::vector<std::string>& settings : {std::vector<std::string>{"model.kind=transformer", "model.heads=0"},
                                                   {"model.kind=lstm", "model.hidden="},
                                                   {"model.kind=lstm", "model.hidden= "}}) {
    const Ended ended =
        msfusion_program({"check", input("every-model.xml"), "--set", settings[0], "--set", settings[1]});
    INFO(ended.err);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.err, ContainsSubstring(settings[1].substr(0, settings[1].find('='))));
  }
}

TEST_CASE("a finished run that is given more rounds ends as if it had been asked for them at once") {
  const TemporaryFolder folder;
  const auto run = [&](const std::string& to, const std::string& rounds, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {
        "run", input("every-method.xml"), "--set", "training.rounds=" + rounds, "-o", folder.file(to)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return msfusion_program(arguments);
  };
  // The third round is evaluated only where it is the last.
  const std::vector<std::string> step = {"--set", "training.schedule=step", "--set", "training.milestones=2 4"};
  REQUIRE(run("once", "5", step).code == 0);
  REQUIRE(run("twice", "3", step).code == 0);
  std::vector<std::string> resume = step;
  resume.push_back("--resume");
  const Ended longer = run("twice", "5", resume);
  INFO(longer.out << longer.err);
  REQUIRE(longer.code == 0);
  CHECK(tables_of(folder.file("twice")) == tables_of(folder.file("once")));
  {
    INFO("a recost needs what every round left");
    CHECK(msfusion_program({"recost", folder.file("twice"), "-o", folder.file("c")}).code == 0);
  }
  const std::vector<std::pair<std::vector<std::string>, std::string>> refused = {
      {{"--set", "training.schedule=cosine"},
       "msfusion: 3 rounds instead of 2 change the learning rate of those that are done (schedule=\"cosine\")"},
      {{"--set", "methods.method[msfusion].overlap=linear", "--set", "methods.method[msfusion].overlap-control=0.5"},
       "msfusion: 3 rounds instead of 2 change the windows of those that are done (overlap=\"linear\")"},
      {{"--set", "methods.method[scalefl].distil-from=0.5"},
       "scalefl: 3 rounds instead of 2 change when classifiers begin to learn from each other (distil-from)"},
      {{"--set", "evaluation.every=3", "--set", "evaluation.keep=best"},
       "keep=\"best\" kept the model of msfusion's last round, 2, which a longer run would not evaluate "
       "(every=\"3\")"}};
  for (const auto& [options, says] : refused) {
    REQUIRE(run("r", "2", options).code == 0);
    const auto before = tables_of(folder.file("r"));
    std::vector<std::string> again = options;
    again.push_back("--resume");
    const Ended ended = run("r", "3", again);
    CHECK(ended.code == 2);
    CHECK_THAT(ended.err, ContainsSubstring(says));
    CHECK(tables_of(folder.file("r")) == before);
  }
  {
    INFO("fewer rounds, or another change beside, are another scenario");
    const Ended fewer = run("twice", "4", resume);
    CHECK(fewer.code == 2);
    CHECK_THAT(fewer.err, ContainsSubstring("method fedavg: 4 rounds instead of 5"));
    CHECK(run("twice", "6", {"--resume"}).code == 2);
  }
}
