// The command line: reads the words, calls the command, turns errors into messages and exit codes.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "sim/base/error.hpp"
#include "tools/commands/command_line.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/output.hpp"
#include "tools/ranks/ranks.hpp"

namespace {

std::string quoted(const std::string& word) {
  if (!word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-") ==
          std::string::npos)
    return word;
  std::string text = "'";
  for (char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

std::string words_of(int argc, char** argv) {
  std::string text = "msfusion";
  for (int i = 1; i < argc; ++i) text += " " + quoted(argv[i]);
  return text;
}

/// Several ranks speak at once, and perhaps about files that only one of them lacks.
std::string named_by_rank(const std::string& message) {
  const msfusion::RankPlace place = msfusion::rank_place();
  if (place.ranks == 1) return message;
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  std::string lines;
  std::istringstream in(message);
  for (std::string line; std::getline(in, line);)
    lines += (lines.empty() ? "rank " : "\nrank ") + std::to_string(place.rank) + " on " + host + ": " + line;
  return lines;
}

int exit_code_of(int argc, char** argv) {
  try {
    msfusion::guard_standard_streams();
    const int code = msfusion::CommandLine(words_of(argc, argv)).parse_and_act(argc, argv);
    if (!msfusion::output_arrived()) {
      msfusion::complain("the output could not be written; results folders are complete");
      return msfusion::kFailed;
    }
    // A terminal that closes is not a wish to stop, so no wish was fulfilled.
    return code == 128 + SIGHUP ? msfusion::kFailed : code;
  } catch (const msfusion::UserError& error) {
    std::cerr << named_by_rank(error.what()) << '\n';
    return msfusion::kUserMistake;
  } catch (const std::exception& error) {
    std::cerr << "msfusion: " << named_by_rank(error.what()) << '\n';
    return msfusion::kFailed;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int code = exit_code_of(argc, argv);
  // Nothing is left to do: the destructors of LibTorch's globals would take a tenth of a second, and a library that is
  // just being opened must not meet them.
  std::cerr.flush();
  std::fflush(nullptr);
  _exit(code);
}
