// A round with secure aggregation: the same model down and update up, with four trips of keys, shares, masked updates
// and answers for each group of devices that send the same elements.
#pragma once

#include <string>
#include <utility>

#include "sim/method/exchanges/exchange.hpp"

namespace msfusion {

/// Why secure aggregation does not go with the method, and what would; empty when it does.
std::pair<std::string, std::string> secure_contradiction(const Method& method);

/// Throws UserError where rounds close in a way that secure aggregation cannot wait for.
void check_secure(const PlannerSetup& setup);

/// In place of the exchange's own steps.
void add_secure_steps(PlanDraft& draft);

}  // namespace msfusion
