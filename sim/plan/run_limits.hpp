// What ends a run before its rounds do, and the words for it.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "sim/base/value_type.hpp"

namespace msfusion {

/// What a run may spend, all nodes and rounds together. The round that would go beyond is not part of the run.
struct RunLimits {
  std::optional<double> seconds;  ///< simulated
  std::optional<double> bytes;    ///< sent, by all nodes
  std::optional<double> joules;   ///< of all nodes and links, idle included
  bool target = false;            ///< also ends with the evaluation that reaches the scenario's largest target

  bool empty() const { return !seconds && !bytes && !joules && !target; }
};

/// "10min", "500MB target": blanks separate limits that hold together.
TypeOf<RunLimits> run_limits_type();

/// For people: "10 min or target".
std::string text_of(const RunLimits& limits);

enum class RunEnding { rounds, time, traffic, energy, target, recorded };
constexpr std::array<Choice<RunEnding>, 6> kRunEndings{{
    {RunEnding::rounds, "rounds", "all its rounds are done"},
    {RunEnding::time, "time", "the next round would have ended after the limit of simulated time"},
    {RunEnding::traffic, "traffic", "the next round would have sent more than the limit"},
    {RunEnding::energy, "energy", "the next round would have taken more energy than the limit"},
    {RunEnding::target, "target", "the largest target was reached"},
    {RunEnding::recorded, "recorded", "a recost of a run that a limit ended: the rounds that were trained then"},
}};

/// Keeps the account of one run and says when it ends.
class RunBudget {
 public:
  struct Spent {
    double seconds = 0;  ///< since the run began
    double bytes = 0;
    std::optional<double> joules = 0;  ///< none: unknown
  };

  /// `target`: the accuracy that counts where the limits name it.
  RunBudget(int rounds, RunLimits limits, std::optional<double> target = {});

  /// A run of the rounds that another one had.
  static RunBudget of_recorded(int rounds, RunEnding ending);

  /// Whether there is a round of that number.
  bool begin(int round);
  /// Charges a round with what was spent from its start to its end, and with the time of its end. False: it goes beyond
  /// a limit and does not count. Throws RunError where a limit is on energy and the energy is unknown, and where
  /// already the first round goes beyond.
  bool charge(int round, const Spent& of_round);
  /// The global model was found to have this accuracy.
  void note_accuracy(double accuracy);

  const std::optional<RunEnding>& ended_by() const { return ended_by_; }
  int rounds() const { return rounds_; }
  /// How much of the run is behind it after the charged rounds, 0 to 1, by the limit that is nearest; a target is not
  /// foreseen.
  double share_spent() const { return share_; }

 private:
  int rounds_;
  RunLimits limits_;
  std::optional<double> target_;
  RunEnding last_ = RunEnding::rounds;  // what the end of the last round means
  Spent spent_;
  double share_ = 0;
  std::optional<RunEnding> ended_by_;
};

}  // namespace msfusion
