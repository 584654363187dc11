// A run's plans, timed again on fleets drawn from how far the platform's figures may be off.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "sim/base/cores.hpp"
#include "sim/experiment/observation.hpp"
#include "sim/experiment/plan_bytes.hpp"
#include "sim/experiment/preparation.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

/// What a run had spent, in one drawn fleet, from its beginning to the end of a round; NaN where it is not known.
struct DrawnCost {
  double seconds = 0, joules = 0, usd = 0, grams_co2 = 0;

  DrawnCost& operator+=(const DrawnCost& more) {
    seconds += more.seconds;
    joules += more.joules;
    usd += more.usd;
    grams_co2 += more.grams_co2;
    return *this;
  }
};

/// Costs by round, and there by draw.
using DrawnCosts = std::vector<std::vector<DrawnCost>>;

struct RedrawOptions {
  std::uint64_t seed = 0;                 ///< of the experiment: equal for all of its runs, whose devices are the same
  int draws = 0;                          ///< at most kFleetDraws
  int processes = 1;                      ///< at the same time
  CoreBudget* cores = nullptr;            ///< each process takes one of; may be null
  LayerShares shares;                     ///< of the model that is trained
  const RunInputs* plans_anew = nullptr;  ///< what plans are made from anew in every fleet; null: they stay
};

/// How many fleets are drawn for a run whose plans have so many steps, equal rounds counted once: all of them, unless
/// timing them would take minutes.
int affordable_draws(int draws, double steps);

/// SimGrid allows one engine per process, and it cannot be taken back. So a process that begins with this one's engine,
/// before its first round, waits for the plans, and forks others that each time them for some of the fleets.
class Redraws {
 public:
  /// Before the timing has carried out anything, and before threads start. Throws std::system_error.
  Redraws(Timing& timing, const ObservationInputs& inputs, const RedrawOptions& options);
  ~Redraws();
  Redraws(const Redraws&) = delete;
  Redraws& operator=(const Redraws&) = delete;

  /// The next round, as it was carried out.
  void add(const TimeablePlan& round);

  /// Waits for the costs of all rounds; once. Throws RunError.
  DrawnCosts finish();

 private:
  void send(const void* bytes, std::size_t count);
  void receive(void* bytes, std::size_t count);

  pid_t server_ = -1;
  int socket_ = -1;
  std::size_t rounds_ = 0;
};

}  // namespace msfusion
