// What msfusion new asks on a terminal, and the checks of its answers that it shares with the options.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "sim/method/registry.hpp"
#include "tools/commands/commands.hpp"

namespace msfusion {

/// Asks on standard output for what a scenario is made of, a question a line. An empty answer takes the one that is
/// offered; one that cannot be used is asked for again, with the reason. Throws UserError where the answers end early.
void ask_for(NewCommand& command, std::istream& answers);

/// The method of that name. Throws UserError with the names there are.
const MethodEntry* known_method(const std::string& name);

/// The fleet that the command describes.
PlatformCommand platform_of(const NewCommand& command);

/// The platform file that the command makes. Throws UserError.
std::string platform_text(const PlatformCommand& command);

std::vector<std::string> split_at_commas(const std::string& text);  ///< without the blanks around the parts

}  // namespace msfusion
