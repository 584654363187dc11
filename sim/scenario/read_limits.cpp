#include <algorithm>
#include <functional>

#include "sim/scenario/readers.hpp"

namespace msfusion {

ConstraintSpec read_constraints(AttributeReader& reader) {
  using Memory = ConstraintSpec::Memory;
  using Close = ConstraintSpec::Close;
  ConstraintSpec spec;
  spec.memory = reader.choice("memory", spec.memory,
                              {{"fail", Memory::fail}, {"exclude", Memory::exclude}, {"ignore", Memory::ignore}});
  spec.close = reader.choice("close", spec.close,
                             {{"all", Close::all}, {"deadline", Close::deadline}, {"quorum", Close::quorum}});
  const auto deadline = reader.quantity("deadline", Quantity::seconds);
  spec.deadline_seconds = deadline.value_or(0);
  spec.quorum = reader.number("quorum", spec.quorum);
  spec.energy_joules = reader.quantity("energy", Quantity::joules);
  spec.message_loss = reader.number("message-loss", spec.message_loss);

  reader.belongs_to("close", spec.close == Close::deadline, "close=\"deadline\"", {"deadline"});
  reader.belongs_to("close", spec.close == Close::quorum, "close=\"quorum\"", {"quorum"});
  if (spec.close == Close::deadline && !reader.has("deadline"))
    reader.mistake("close", reader.quote("close") + " without a deadline", "needed: deadline, e.g. \"30s\"");
  if (deadline && *deadline <= 0) reader.mistake("deadline", reader.quote("deadline"), "a time above 0 is needed");
  if (spec.energy_joules && *spec.energy_joules <= 0)
    reader.mistake("energy", reader.quote("energy"), "an energy above 0 is needed");
  if (spec.close == Close::quorum && !reader.has("quorum"))
    reader.mistake("close", reader.quote("close") + " without a quorum", "needed: quorum, e.g. \"0.8\"");
  return spec;
}

PriceSpec read_prices(AttributeReader& reader) {
  PriceSpec spec;
  spec.usd_per_kwh = reader.quantity("energy", Quantity::usd_per_kilowatthour);
  spec.usd_per_gb = reader.quantity("traffic", Quantity::usd_per_gigabyte);
  spec.grams_co2_per_kwh = reader.quantity("carbon", Quantity::grams_per_kilowatthour);
  return spec;
}

std::vector<std::uint64_t> read_seeds(AttributeReader& reader) {
  const std::vector<std::uint64_t> seeds = reader.seeds("values", {1});
  std::vector<std::uint64_t> sorted = seeds;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    reader.mistake("values", reader.quote("values"), "each seed may stand there once");
  return seeds;
}

std::vector<double> read_targets(AttributeReader& reader) {
  const std::vector<double> targets = reader.numbers("accuracy");
  if (std::adjacent_find(targets.begin(), targets.end(), std::greater_equal<>()) != targets.end())
    reader.mistake("accuracy", reader.quote("accuracy"), "each must be larger than the one before");
  return targets;
}

}  // namespace msfusion
