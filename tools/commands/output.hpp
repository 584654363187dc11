// What the program prints while it works: a reader that went away does not end the work.
#pragma once

#include <string>

namespace msfusion {

/// To standard output, at once. What cannot be written is remembered there, and told when the program ends.
void say(const std::string& text);

/// To standard error, as a line that begins with the program's name.
void complain(const std::string& text);

/// To be called first: takes care that nobody who closed the program's input or output finds them in its files, and
/// that a closed pipe and a file that reaches its limit (ulimit -f) are errors of writing and not the program's end.
void guard_standard_streams();

/// Whether everything that was printed has arrived.
bool output_arrived();

}  // namespace msfusion
