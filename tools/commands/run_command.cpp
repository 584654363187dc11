// `msfusion run`: carries out a scenario and leaves a results folder with its report.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>

#include "reports/comparison.hpp"
#include "sim/base/error.hpp"
#include "sim/base/xml.hpp"
#include "sim/record/format.hpp"
#include "tools/commands/arenas.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/learner_plugin.hpp"
#include "tools/commands/output.hpp"
#include "tools/commands/profile_table.hpp"
#include "tools/commands/progress_view.hpp"
#include "tools/commands/run_records.hpp"
#include "tools/ranks/ranks.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

constexpr const char* kUnchanged = "the unchanged file with --resume, or the changed one without";

// File by checksum, from the lines that sha256sum(1) prints.
std::map<std::string, std::string> checksums_in(const MetaMap& meta, const std::string& store_file) {
  std::map<std::string, std::string> sums;
  const auto found = meta.find(meta_key::inputs);
  std::istringstream lines(found == meta.end() ? "" : found->second);
  std::string sum, file;
  while (lines >> sum) {
    if (!std::getline(lines.ignore(2), file) || sum.size() != 64 ||
        sum.find_first_not_of("0123456789abcdef") != sum.npos)
      throw UserError(Mistake{store_file, 0, fmt::format("damaged results: \"{}\" is no checksum of an input", sum),
                              "a new run, without --resume"});
    sums[file] = sum;
  }
  return sums;
}

void check_input_files(const MetaMap& before, const MetaMap& now, const std::string& store_file,
                       std::vector<Mistake>& mistakes) {
  const auto then = checksums_in(before, store_file), found = checksums_in(now, store_file);
  for (const auto& [file, sum] : found) {
    const auto same = then.find(file);
    if (same == then.end())
      mistakes.push_back({file, 0, "the interrupted run did not read this file", kUnchanged});
    else if (same->second != sum)
      mistakes.push_back({file, 0,
                          fmt::format("the file has changed since the interrupted run: its SHA-256 is {}, and was {}",
                                      sum, same->second),
                          kUnchanged});
  }
  for (const auto& [file, sum] : then)
    if (found.count(file) == 0)
      mistakes.push_back({file, 0, "the interrupted run read this file, which is not read any more", kUnchanged});
}

// Refuses to go on with other inputs than the ones that the folder's runs began with, and shows what differs.
void check_unchanged(const MetaMap& before, const MetaMap& now, const std::string& platform_file,
                     const std::string& store_file) {
  std::vector<Mistake> mistakes;
  for (const char* key : {"scenario_text", "platform_text"}) {
    std::istringstream old_lines(before.count(key) ? before.at(key) : ""), new_lines(now.at(key));
    std::string old_line, new_line;
    for (int line = 1;; ++line) {
      const bool more_old = static_cast<bool>(std::getline(old_lines, old_line)),
                 more_new = static_cast<bool>(std::getline(new_lines, new_line));
      if (!more_old && !more_new) break;
      if (!more_old) old_line.clear();
      if (!more_new) new_line.clear();
      if (old_line == new_line) continue;
      const std::string file = std::string(key) == "scenario_text" ? now.at("scenario_file") : platform_file;
      mistakes.push_back(
          {file, line, fmt::format("now \"{}\", but the interrupted run had \"{}\"", new_line, old_line), kUnchanged});
    }
  }
  check_input_files(before, now, store_file, mistakes);
  if (before.at("libraries") != now.at("libraries"))
    mistakes.push_back({"", 0,
                        fmt::format("this program has the libraries \"{}\", but the interrupted run had \"{}\"",
                                    now.at("libraries"), before.at("libraries")),
                        "the program that the run began with, or a new run without --resume"});
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

// A scenario's document without what limits its runs.
std::string without_limits(const std::string& text, const std::string& file) {
  const XmlDocument document = XmlDocument::parse_text(text, file, XmlDocument::Doctype::refused);
  for (XmlElement& training : document.root().children("training"))
    for (const char* limit : {"rounds", "until"}) training.remove_attribute(limit);
  for (const XmlElement& methods : document.root().children("methods"))
    for (XmlElement& method : methods.children("method")) method.remove_attribute("rounds");
  return document.serialise();
}

bool differs_in_limits_alone(const std::string& then, const Scenario& now) {
  try {
    return then != now.text && without_limits(then, now.file) == without_limits(now.text, now.file);
  } catch (const UserError&) {
    return false;  // the old text cannot be read any more, which the comparison line by line shows
  }
}

// The runs so far must be the beginning of those asked for: no limit may come earlier, and nothing that was trained
// may depend on how many rounds were to come.
void check_lengthens(const Scenario& then, const Scenario& now) {
  constexpr const char* kAnew = "a new run, without --resume";
  std::vector<Mistake> mistakes;
  const auto refuse = [&](int line, const std::string& found, const std::string& allowed) {
    mistakes.push_back({now.file, line, found, allowed});
  };
  const RunLimits &until = now.training.until, &before = then.training.until;
  if (!extends(until, before))
    refuse(now.training.line,
           fmt::format("until=\"{}\" may end the runs earlier than {}", text_of(until),
                       before.empty() ? "they did without it" : "until=\"" + text_of(before) + "\", which they had"),
           std::string("later limits, or ") + kAnew);
  for (std::size_t i = 0; i < now.methods.size(); ++i) {
    const Method& method = now.methods[i];
    const int then_rounds = rounds_of(then, then.methods[i]), rounds = rounds_of(now, method);
    if (rounds == then_rounds) continue;
    const std::string change = fmt::format("method {}: {} rounds instead of {}", method.label, rounds, then_rounds);
    if (rounds < then_rounds) refuse(method.line, change, std::string("more, or ") + kAnew);
    if (now.training.schedule == TrainingOptions::Schedule::cosine)
      refuse(method.line, change + " change the learning rate of those that are done (schedule=\"cosine\")", kAnew);
    if (facts_of(method.split.rule).shifts && method.split.overlap == SplitChoice::Overlap::linear)
      refuse(method.line, change + " change the windows of those that are done (overlap=\"linear\")",
             std::string("overlap=\"constant\" or \"adaptive\" from the first round on, or ") + kAnew);
    if (method.objective.kind == ObjectiveKind::taught_exits && method.objective.distil_from > 0)
      refuse(method.line, change + " change when classifiers begin to learn from each other (distil-from)",
             std::string("distil-from=\"0\" from the first round on, or ") + kAnew);
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

// The evaluation after a run's last round is taken back when that round is the last no more. A model that was kept for
// it cannot be: the one before it, which a run asked for at once would have, was replaced.
void check_best_models(const StoreReader& store, const Scenario& now) {
  if (!now.evaluation.keep.best) return;
  std::vector<Mistake> mistakes;
  for (const RunRecord& run : store.runs()) {
    const std::vector<EvaluationRecord> evaluations = store.evaluations(run.run);
    if (evaluations.empty() || shown_round(evaluations.back().round) % now.evaluation.every == 0) continue;
    const auto best = std::max_element(evaluations.begin(), evaluations.end(), [](const auto& a, const auto& b) {
      return a.global_accuracy < b.global_accuracy;
    });
    if (best->round == evaluations.back().round)
      mistakes.push_back(
          {now.file, now.evaluation.line,
           fmt::format("keep=\"best\" kept the model of {}'s last round, {}, which a longer run would not evaluate "
                       "(every=\"{}\")",
                       run.label, shown_round(best->round), now.evaluation.every),
           "a new run, without --resume"});
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

// Leaves the store as if this scenario had been asked for at once.
void lengthen(const std::string& store_file, const Preparation& preparation, MetaMap& before, const MetaMap& now) {
  const Scenario& scenario = preparation.scenario;
  const Scenario then = read_scenario_text(before.at("scenario_text"), scenario.file, {});
  check_lengthens(then, scenario);
  check_best_models(StoreReader(store_file), scenario);
  MetaMap changed;
  for (const char* key : {"scenario_text", "command"}) changed[key] = before[key] = now.at(key);
  check_unchanged(before, now, scenario.platform.file, store_file);
  StoreWriter::open(store_file).lengthen(run_records(preparation), changed);
}

// The runs have written to the store until now: whatever is wrong with it is no mistake of the user's.
void report(const ResultsFolder& folder, const std::string& store_id) {
  try {
    write_reports(folder, store_id);
  } catch (const UserError& error) {
    throw RunError(
        fmt::format("the results folder was removed, moved or damaged while the runs went on: {}", error.what()));
  }
}

}  // namespace

int run_scenario(const RunCommand& command) {
  if (command.of_sweep.empty()) {
    const Scenario scenario = read_scenario(command.scenario, split_sweep(command.overrides, {}).fixed);
    const Sweep sweep = split_sweep(command.overrides, scenario.sweep);
    if (command.redraw_training > 0 && sweep.axes.size() > 1)
      throw UserError(Mistake{"--redraw-training", 0, "a sweep", "one combination of values at a time"});
    if (!sweep.axes.empty() && command.profile)
      throw UserError(Mistake{"--profile", 0, "a sweep", "one combination of values at a time"});
    if (!sweep.axes.empty() && rank_place().ranks > 1)
      throw UserError(Mistake{"mpirun", 0, "a sweep", "one combination of values at a time"});
    if (!sweep.axes.empty()) return run_sweep(command, sweep, scenario.name);
  }
  ProfileTable profile;
  const RankPlace place = rank_place();
  Scenario scenario = read_scenario(command.scenario, command.overrides);
  choose_arenas(scenario.model);
  const Preparation preparation = prepare(std::move(scenario), false, [&] {
    if (place.ranks == 1) begin_preload();
  });
  require_device(preparation.scenario);
  const std::unique_ptr<Ranks> ranks = place.ranks > 1 ? split_ranks(preparation, place) : nullptr;
  const ResultsFolder folder(
      command.out.empty() ? fs::path("results") / preparation.scenario.name : fs::path(command.out), command.resume);
  const std::string store_file = folder.file("run.sqlite");
  MetaMap meta = meta_of(preparation, command.command_line, ResultKind::run);
  meta.insert(command.of_sweep.begin(), command.of_sweep.end());
  if (command.resume && fs::exists(store_file)) {
    MetaMap before = StoreReader(store_file).meta();
    require_kind(before, store_file, {ResultKind::run}, "the folder of a run, or another folder with -o");
    if (differs_in_limits_alone(before["scenario_text"], preparation.scenario))
      lengthen(store_file, preparation, before, meta);
    else
      check_unchanged(before, meta, preparation.scenario.platform.file, store_file);
  } else {
    StoreWriter::create(store_file, meta, run_records(preparation));
  }

  ProgressView view(preparation);
  LaunchOptions options;
  options.store_file = store_file;
  options.store_id = StoreReader(store_file).id();
  options.checkpoint_folder = folder.file("checkpoints");
  options.checkpoint_every = command.checkpoint_every;
  options.participation_folder = options.model_folder = folder.path().string();
  options.resume = command.resume;
  options.jobs = command.jobs;
  options.cores = command.share.budget;
  options.first_process = command.share.first_process;
  options.on_change = [&](const std::vector<RunReport>& reports, int changed) { view.update(reports, changed); };
  profile.add(Activity::preparing, preload_learner());
  profile.charge(Activity::preparing);
  const LearnerFactory make_learner = [&](const LearnerSetup& setup) {
    LearnerSetup of_run = setup;
    if (ranks) of_run.remote = &ranks->remote_trainer();
    return load_learner(of_run);
  };
  Interruption interruption;
  const std::vector<RunReport> reports = launch(preparation, make_learner, options, interruption);
  view.finish(reports);
  for (const RunReport& report : reports) profile.add(report.profile);
  profile.skip();

  // Finished rounds are reported however the runs ended, but a second signal means that the user does not want to wait.
  if (!interruption.at_once) {
    report(folder, options.store_id);
    say(fmt::format("\n{}\nreport: {}\n", comparison({folder.path().string()}, TableFormat::terminal),
                    folder.file("report.html")));
  }
  profile.charge(Activity::reporting);
  if (command.profile) say("\n" + profile.text(cores_in_use(command.jobs) + place.ranks - 1));
  if (interruption.signal != 0)
    complain(fmt::format("interrupted; the finished rounds are in {}, and --resume goes on with them",
                         folder.path().string()));
  return exit_code(reports, interruption.signal);
}

}  // namespace msfusion
