// The tables of runs on platforms that state how far their figures may be off; see columns.hpp.
#pragma once

#include "sim/record/records.hpp"
#include "sim/record/table_facts.hpp"

namespace msfusion {

template <>
struct Columns<IntervalRecord> {
  static constexpr TableFacts facts{"intervals",
                                    "one row per round of finished runs whose platform states an uncertainty: the 90 % "
                                    "interval of what was spent from the run's beginning to the round's end",
                                    2, true, 7};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("draws", r.draws, "", "fleets that were drawn");
    visitor("seconds_low", r.seconds_low, "s", "simulated: 5 % of the fleets took less");
    visitor("seconds_high", r.seconds_high, "s", "simulated: 5 % of the fleets took more");
    visitor("joules_low", r.joules_low, "J", "see rounds");
    visitor("joules_high", r.joules_high, "J", "see rounds");
    visitor("usd_low", r.usd_low, "USD", "see rounds");
    visitor("usd_high", r.usd_high, "USD", "see rounds");
    visitor("grams_co2_low", r.grams_co2_low, "g", "see rounds");
    visitor("grams_co2_high", r.grams_co2_high, "g", "see rounds");
  }
};

template <>
struct Columns<DrawRecord> {
  static constexpr TableFacts facts{"draws",
                                    "the figures of each drawn fleet behind the intervals, of evaluated rounds and the "
                                    "last: fleet 0, 1, .. in order, "
                                    "the same fleets in all runs of an experiment",
                                    2, true, 7};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("seconds", r.seconds, "s", "simulated, since the run began; separated by blanks, to seven digits");
    visitor("joules", r.joules, "J", "likewise; empty where they are not known");
    visitor("usd", r.usd, "USD", "likewise");
    visitor("grams_co2", r.grams_co2, "g", "likewise");
  }
};

}  // namespace msfusion
