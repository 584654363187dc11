#include "tools/commands/output.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>

namespace msfusion {

void say(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(const std::string& text) {
  const std::string line = "msfusion: " + text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void guard_standard_streams() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  // The next file that is opened would get the lowest free number. Writing to one that is open for reading fails, as
  // writing to a closed one does.
  while (true) {
    const int number = open("/dev/null", O_RDONLY);
    if (number > STDERR_FILENO) close(number);
    if (number < 0 || number > STDERR_FILENO) return;
  }
}

bool output_arrived() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace msfusion
