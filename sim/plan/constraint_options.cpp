#include "sim/plan/constraint_options.hpp"

#include <array>

namespace msfusion {

namespace {

using Memory = ConstraintOptions::Memory;
using Close = ConstraintOptions::Close;

constexpr std::array<Choice<Memory>, 3> kMemory{{
    {Memory::fail, "fail", "the method ends"},
    {Memory::exclude, "exclude", "the device stays out"},
    {Memory::ignore, "ignore", "memory is not looked at"},
}};
constexpr std::array<Choice<Close>, 3> kClose{{
    {Close::all, "all", "all devices are done"},
    {Close::deadline, "deadline", "the deadline has come"},
    {Close::quorum, "quorum", "a share of the devices is done"},
}};

bool has_deadline(const ConstraintOptions& constraints) {
  return constraints.close == Close::deadline;
}

bool has_quorum(const ConstraintOptions& constraints) {
  return constraints.close == Close::quorum;
}

void check(const ConstraintOptions& constraints, GivenAttributes& given) {
  if (has_deadline(constraints) && !given.has("deadline"))
    given.object("close", given.quote("close") + " without a deadline", "needed: deadline, e.g. \"30s\"");
  if (given.has("deadline") && !given.refused("deadline") && constraints.deadline_seconds <= 0)
    given.object("deadline", given.quote("deadline"), "a time above 0 is needed");
  if (constraints.energy_joules && *constraints.energy_joules <= 0)
    given.object("energy", given.quote("energy"), "an energy above 0 is needed");
  if (has_quorum(constraints) && !given.has("quorum"))
    given.object("close", given.quote("close") + " without a quorum", "needed: quorum, e.g. \"0.8\"");
}

}  // namespace

const Vocabulary<ConstraintOptions>& constraint_vocabulary() {
  using C = ConstraintOptions;
  static const Vocabulary<C> all{
      {
          attribute<C>("memory", &C::memory, one_of_table("memory-policy", kMemory),
                       "What happens when a device's training does not fit into its memory: fail (the method ends), "
                       "exclude (the device stays out), ignore.",
                       "exclude to see what a method loses with its weak devices."),
          attribute<C>("close", &C::close, one_of_table("closing", kClose),
                       "When a round ends: when all devices are done, at a deadline, or when a share of them is done.",
                       "deadline or quorum against stragglers."),
          attribute<C>("deadline", &C::deadline_seconds, quantity(Quantity::seconds, "30s"),
                       "Simulated time from the round's start; work that is late is lost.",
                       "Somewhat above the round of a typical device.")
              .in("time")
              .absent("needed with deadline")
              .only_with("close", has_deadline, "close=\"deadline\""),
          attribute<C>("quorum", &C::quorum, number_above(0, 1),
                       "Share of the devices that must be done; 1 is the same as all.",
                       "0.8 cuts off the slowest fifth.")
              .absent("needed with quorum")
              .only_with("close", has_quorum, "close=\"quorum\""),
          attribute<C>("energy", &C::energy_joules, quantity(Quantity::joules, "50J"),
                       "What a device may spend on a round's training where a method says split=\"auto\": the widest "
                       "slice within it is chosen.",
                       "For phones that must last the day; the platform states powers then.")
              .in("energy")
              .absent("no limit"),
          attribute<C>("message-loss", &C::message_loss, number_below(0, 1),
                       "Probability that a message is lost after it was sent.",
                       "For unreliable networks; lost traffic is paid for."),
      },
      check};
  return all;
}

}  // namespace msfusion
