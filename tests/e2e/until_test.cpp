// Runs that end before their rounds are done.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>

#include "sim/record/store.hpp"
#include "tests/e2e/folder_watch.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

using Settings = std::vector<std::string>;

std::vector<std::string> command(const char* name, const std::string& scenario, const std::string& out,
                                 const Settings& settings) {
  std::vector<std::string> words = {name, input(scenario), "-o", out};
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  return words;
}

void run(const std::vector<std::string>& words) {
  const Ended ended = msfusion_program(words);
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
}

std::vector<RunRecord> runs_in(const std::string& folder) {
  return StoreReader(folder + "/run.sqlite").runs();
}

int rounds_done(const std::string& folder, int run) {
  return static_cast<int>(StoreReader(folder + "/run.sqlite").rounds(run).size());
}

/// The tables of the rows of each run before its given round. The row of the run itself tells what ended it, and is
/// left out.
std::map<std::string, std::string> cut(const std::string& folder, const std::vector<int>& rounds) {
  auto tables = tables_of(folder);
  tables.erase("runs");
  for (auto& [name, csv] : tables) {
    std::istringstream lines(csv);
    std::string line, kept;
    std::getline(lines, line);
    if (line.rfind("run,round,", 0) != 0) continue;
    kept = line + "\n";
    int run = 0, round = 0;
    char comma = 0;
    while (std::getline(lines, line))
      if (std::istringstream(line) >> run >> comma >> round && round < rounds.at(static_cast<std::size_t>(run)))
        kept += line + "\n";
    csv = kept;
  }
  return tables;
}

std::map<std::string, std::string> all_but_runs(const std::string& folder) {
  auto tables = tables_of(folder);
  tables.erase("runs");
  return tables;
}

/// How many rounds each run has within a limit on what is spent up to a round's end, if all of `folder` are its rounds.
std::vector<int> rounds_within(const std::string& folder, double limit,
                               const std::function<double(double, const RoundRecord&)>& spend) {
  const StoreReader store(folder + "/run.sqlite");
  std::vector<int> within;
  for (const RunRecord& record : store.runs()) {
    double spent = 0;
    const auto rounds = store.rounds(record.run);
    within.push_back(static_cast<int>(std::count_if(rounds.begin(), rounds.end(), [&](const RoundRecord& round) {
      spent = spend(spent, round);
      return spent <= limit;
    })));
  }
  return within;
}

double time_of(double, const RoundRecord& round) {
  return round.end_seconds;
}

/// Long enough for a round of every run.
double longest_first_round(const std::string& folder) {
  const StoreReader store(folder + "/run.sqlite");
  double longest = 0;
  for (const RunRecord& record : store.runs())
    longest = std::max(longest, store.rounds(record.run).front().end_seconds);
  return longest;
}

const Settings kManyRounds = {"training.rounds=20", "evaluation.every=1", "methods.method[fedasync].rounds=30"};

Settings with(Settings settings, const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

}  // namespace

TEST_CASE("every method that a limit ends has the rounds of a longer run, cut at that limit") {
  const TemporaryFolder folder;
  const std::string whole = folder.file("whole");
  run(command("run", "every-method.xml", whole, kManyRounds));
  struct Limit {
    const char *unit, *ending;
    std::function<double(double, const RoundRecord&)> spend;
  };
  for (const Limit& limit : std::vector<Limit>{
           {"s", "time", time_of},
           {"B", "traffic", [](double spent, const RoundRecord&round) { return spent + round.bytes_sent; }},
           {"J", "energy", [](double spent, const RoundRecord&round) { return spent + *round.joules; }}}) {
    double most = 0;  // what the dearest first round spends
    const StoreReader store(whole + "/run.sqlite");
    for (const RunRecord& record : store.runs())
      most = std::max(most, limit.spend(0, store.rounds(record.run).front()));
    most *= 1.5;
    const std::string until = fmt::format("{:.17g}{}", most, limit.unit), out = folder.file(limit.ending);
    INFO(until);
    run(command("run", "every-method.xml", out, with(kManyRounds, {"training.until=" + until})));
    const std::vector<int> within = rounds_within(whole, most, limit.spend);
    int ended = 0;
    for (const RunRecord& record : runs_in(out)) {
      INFO(record.label);
      CHECK(record.state == "finished");
      CHECK(rounds_done(out, record.run) == within[static_cast<std::size_t>(record.run)]);
      const bool by_rounds = within[static_cast<std::size_t>(record.run)] == record.rounds;
      CHECK(record.ended_by == (by_rounds ? "rounds" : limit.ending));
      ended += !by_rounds;
    }
    CHECK(ended >= 2);
    CHECK(all_but_runs(out) == cut(whole, within));
  }
}

TEST_CASE("the last round within a limit is evaluated, whatever the interval of the evaluations") {
  const TemporaryFolder folder;
  const std::string whole = folder.file("whole"), out = folder.file("r");
  const Settings settings = {"training.rounds=8", "evaluation.every=5"};
  run(command("run", "two-methods.xml", whole, settings));
  const double until = 2.5 * longest_first_round(whole);
  run(command("run", "two-methods.xml", out, with(settings, {fmt::format("training.until={:.17g}s", until)})));
  const StoreReader store(out + "/run.sqlite");
  for (const RunRecord& record : store.runs()) {
    const int last = static_cast<int>(store.rounds(record.run).size()) - 1;
    CHECK(store.evaluations(record.run).back().round == last);
  }
  CHECK(rounds_done(out, 1) == 2);
  // The evaluation of a round is that of a run that has no more rounds.
  const std::string two = folder.file("two");
  run(command("run", "two-methods.xml", two, {"training.rounds=2", "evaluation.every=5"}));
  CHECK(StoreReader(two + "/run.sqlite").evaluations(1).back().global_loss == store.evaluations(1).back().global_loss);
}

TEST_CASE("a plan, a recost and a sweep of platforms know what ends a run") {
  const TemporaryFolder folder;
  run(command("run", "two-methods.xml", folder.file("whole"), {"training.rounds=6"}));
  const std::string until = fmt::format("training.until={:.17g}s", 2.5 * longest_first_round(folder.file("whole")));
  const Settings settings = {"training.rounds=6", until};
  run(command("run", "two-methods.xml", folder.file("r"), settings));
  run(command("plan", "two-methods.xml", folder.file("p"), settings));
  for (const RunRecord& record : runs_in(folder.file("r"))) {
    const RunRecord planned = runs_in(folder.file("p"))[static_cast<std::size_t>(record.run)];
    CHECK(planned.ended_by == record.ended_by);
    CHECK(rounds_done(folder.file("p"), record.run) == rounds_done(folder.file("r"), record.run));
  }
  {
    INFO("a recost has the rounds that were trained, however much time they take there");
    const auto with_link = [&](const std::string& name, const std::string& bandwidth) {
      std::string platform = text_of(input("platform.xml"));
      const std::string before = "\"1MBps\"";
      platform.replace(platform.find(before), before.size(), "\"" + bandwidth + "\"");
      return folder.write(name, platform);
    };
    run({"recost", folder.file("r"), "-p", with_link("slow.xml", "9kBps"), "-o", folder.file("c")});
    const StoreReader again(folder.file("c/run.sqlite"));
    CHECK(rounds_done(folder.file("c"), 1) == 2);
    CHECK(again.rounds(1).back().end_seconds > *runs_in(folder.file("r"))[1].until_seconds);
    CHECK(again.runs()[1].ended_by == "recorded");
    REQUIRE_FALSE(again.warnings().empty());
    CHECK_THAT(again.warnings().front().text, ContainsSubstring("no more and no fewer"));
    auto sweep = command("run", "two-methods.xml", folder.file("s"), settings);
    for (const std::string& platform : {input("platform.xml"), with_link("less-slow.xml", "100kBps")})
      sweep.insert(sweep.end(), {"--set", "platform.file=" + platform});
    run(sweep);
    int folders = 0;
    for (const auto& entry : fs::directory_iterator(folder.file("s")))
      if (entry.is_directory()) {
        ++folders;
        CHECK(StoreReader((entry.path() / "run.sqlite").string()).meta().count("recosted_from") == 0);
      }
    CHECK(folders == 2);
  }
}

TEST_CASE("runs end at the target, with any number of workers, and the round that was begun beyond is not recorded") {
  const TemporaryFolder folder;
  const std::string whole = folder.file("whole");
  const Settings settings = {"training.rounds=12", "evaluation.every=2"};
  run(command("run", "two-methods.xml", whole, settings));
  const StoreReader store(whole + "/run.sqlite");
  // What the first evaluations of both did not reach, and a later one did.
  double target = 1;
  for (const RunRecord& record : store.runs()) {
    double first = store.evaluations(record.run).front().global_accuracy, best = 0;
    for (const EvaluationRecord& at : store.evaluations(record.run)) best = std::max(best, at.global_accuracy);
    if (best > first) target = std::min(target, best);
  }
  std::vector<int> reached;
  for (const RunRecord& record : store.runs()) {
    reached.push_back(12);
    for (const EvaluationRecord& at : store.evaluations(record.run))
      if (at.global_accuracy >= target) reached.back() = std::min(reached.back(), at.round + 1);
  }
  REQUIRE(*std::min_element(reached.begin(), reached.end()) < 12);
  const Settings until = with(settings, {"training.until=1h target", fmt::format("target.accuracy={:.17g}", target)});
  for (const char* workers : {"1", "3"}) {
    const std::string out = folder.file(std::string("r") + workers);
    auto words = command("run", "two-methods.xml", out, until);
    words.insert(words.end(), {"-j", workers});
    run(words);
    for (const RunRecord& record : runs_in(out)) {
      CHECK(rounds_done(out, record.run) == reached[static_cast<std::size_t>(record.run)]);
      if (reached[static_cast<std::size_t>(record.run)] < 12) CHECK(record.ended_by == "target");
    }
    CHECK(all_but_runs(out) == cut(whole, reached));
  }
}

TEST_CASE("runs that a limit ended go on to the results that a later limit would have given at once") {
  const TemporaryFolder folder;
  // Evaluated after 4, 8 and 12 rounds, and after whichever is the last. One method's rounds end before the limits do.
  const Settings all = {"training.rounds=12", "evaluation.every=4", "target.accuracy=0.2"};
  const std::string few = "methods.method[fedprox].rounds=3", more = "methods.method[fedprox].rounds=5";
  run(command("run", "every-method.xml", folder.file("plain"), with(all, {few})));
  const StoreReader plain(folder.file("plain/run.sqlite"));
  double bytes = 0;
  for (const RunRecord& record : plain.runs()) bytes = std::max(bytes, plain.rounds(record.run).front().bytes_sent);
  const auto until = [](const std::string& limits) { return "training.until=" + limits; };
  const double seconds = 1.5 * longest_first_round(folder.file("plain"));
  const std::vector<std::pair<std::string, Settings>> limits = {
      {fmt::format("{:.17g}s", seconds), {until(fmt::format("{:.17g}s", 2.5 * seconds)), few}},
      {fmt::format("{:.17g}B", 1.01 * bytes), {until("1TB"), more}},
      {fmt::format("{:.17g}s target", seconds), {until("1h target"), few}},
      {"1h target", {until("1h"), few}}};
  int ended = 0;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const auto& [first, later] = limits[i];
    INFO(first);
    const std::string at_once = folder.file(fmt::format("once{}", i)), out = folder.file(fmt::format("r{}", i));
    run(command("run", "every-method.xml", at_once, with(all, later)));
    run(command("run", "every-method.xml", out, with(all, {until(first), few})));
    for (const RunRecord& record : runs_in(out)) ended += record.ended_by != "rounds";
    auto resumed = command("run", "every-method.xml", out, with(all, later));
    resumed.push_back("--resume");
    run(resumed);
    CHECK(tables_of(out) == tables_of(at_once));
    auto earlier = command("run", "every-method.xml", out, with(all, {until("1s"), later.back()}));
    earlier.push_back("--resume");
    const Ended refused = msfusion_program(earlier);
    CHECK(refused.code == 2);
    CHECK_THAT(refused.err, ContainsSubstring("until=\"1 s\" may end the runs earlier than until="));
    CHECK(tables_of(out) == tables_of(at_once));
  }
  CHECK(ended >= 20);
}

TEST_CASE("runs that a limit ends resume to the same results, killed or interrupted at any moment") {
  const TemporaryFolder folder;
  const Settings settings = {"training.rounds=12", "evaluation.every=2", "training.until=1h target",
                             "target.accuracy=0.2"};
  run(command("run", "every-method.xml", folder.file("plain"), {"training.rounds=2"}));
  double bytes = 0;
  for (const RunRecord& record : runs_in(folder.file("plain")))
    bytes = std::max(bytes, StoreReader(folder.file("plain/run.sqlite")).rounds(record.run).front().bytes_sent);
  const Settings limited = {"training.rounds=12", "evaluation.every=5",
                            fmt::format("training.until={:.17g}B", 1.01 * bytes)};
  int broken = 0, number = 0;
  for (const Settings& of_case : {settings, limited}) {
    const std::string whole = folder.file("whole" + std::to_string(++number));
    auto words = command("run", "every-method.xml", whole, of_case);
    words.insert(words.end(), {"--checkpoint-every", "1"});
    run(words);
    const std::string out = folder.file("broken" + std::to_string(number));
    fs::create_directories(out + "/checkpoints");
    words[3] = out;
    for (int kill = 0; kill < 8; ++kill) {
      FolderWatch watch({out, out + "/checkpoints"});
      Program program(words);
      for (int events = 60 + 45 * kill; events > 0 && !program.has_ended();)
        if (watch.next(100)) --events;
      if (program.has_ended()) break;
      ++broken;
      kill % 2 == 0 ? program.kill_all() : program.signal(SIGTERM);
      program.wait();
      if (words.back() != "--resume") words.push_back("--resume");
    }
    run(words);
    CHECK(tables_of(out) == tables_of(whole));
  }
  CHECK(broken >= 4);
}

TEST_CASE("limits that make no sense are refused with the line") {
  const TemporaryFolder folder;
  fs::copy(input("platform.xml"), folder.file("platform.xml"));
  const std::string text = text_of(input("two-methods.xml"));
  const auto check = [&](const std::string& training) {
    const std::string before = "<training rounds=\"4\"";
    std::string changed = text;
    changed.replace(changed.find(before), before.size(), training);
    return msfusion_program({"check", folder.write("s.xml", changed)});
  };
  const Ended target = check("<training rounds=\"4\" until=\"target\"");
  CHECK(target.code == 2);
  CHECK_THAT(target.err, ContainsSubstring("s.xml:7: until=\"target\" in <training> without a target"));
  const Ended unit = check("<training rounds=\"4\" until=\"10\"");
  CHECK(unit.code == 2);
  CHECK_THAT(unit.err, ContainsSubstring("s.xml:7: until=\"10\"") && ContainsSubstring("10min"));
  const Ended fine = check("<training rounds=\"4\" until=\"10min\"");
  CHECK(fine.code == 0);
  CHECK_THAT(fine.out, ContainsSubstring("at most 4 rounds until 10 min"));
  std::string without = text_of(input("platform.xml"));
  const std::string power = "<prop id=\"wattage_per_state\" value=\"100:120:200\"/>";
  without.erase(without.find(power), power.size());
  folder.write("platform.xml", without);
  const Ended energy = check("<training rounds=\"4\" until=\"1kJ\"");
  CHECK(energy.code == 2);
  CHECK_THAT(energy.err,
             ContainsSubstring("s.xml:7: until names an energy, but the platform states no power of server"));
}

TEST_CASE("what is spread over a run's rounds is told where another limit may end them") {
  const TemporaryFolder folder;
  const auto warns = [&](const char* name, const Settings& settings) {
    run(command("plan", "tiny.xml", folder.file(name), settings));
    const StoreReader store(folder.file(name) + "/run.sqlite");
    std::vector<std::string> told;
    for (const WarningRecord& warning : store.warnings())
      if (warning.text.find("may leave only the first") != std::string::npos) told.push_back(warning.text);
    return told;
  };
  const Settings one = {"seeds.values=1", "training.until=1s"};
  CHECK(warns("neither", one).empty());
  Settings cosine = one, linear = one;
  cosine.emplace_back("training.schedule=cosine");
  linear.emplace_back("methods.method[msfusion].overlap=linear");
  CHECK(warns("cosine", cosine).size() == 5);
  CHECK(warns("rounds", {"seeds.values=1", "training.schedule=cosine"}).empty());
  REQUIRE(warns("linear", linear).size() == 1);
  CHECK_THAT(warns("again", linear).front(),
             ContainsSubstring("overlap=\"linear\": spread over 5 rounds, of which until=\"1 s\""));
}
