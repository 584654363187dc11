// What the program prints while it works: a reader that went away does not end the work.
#pragma once

#include <string>

namespace msfusion {

/// To standard output, at once. What cannot be written is remembered there, and told when the program ends.
void say(const std::string& text);

/// To standard error, as a line that begins with the program's name.
void complain(const std::string& text);

/// Call it first. Opens /dev/null for a standard stream that was closed, so that no file gets its descriptor, and
/// turns a closed pipe and a file that reaches its limit (ulimit -f) into write errors instead of fatal signals.
void guard_standard_streams();

/// Whether everything that was printed has arrived.
bool output_arrived();

}  // namespace msfusion
