#include "tools/validation/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "sim/base/error.hpp"
#include "sim/base/processes.hpp"

namespace msfusion {

Child::Child(std::string name, const std::vector<std::string>& command, const std::function<void()>& before)
    : name_(std::move(name)) {
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw RunError("no pipes for " + name_);
  id_ = start_process([&] {
    before();
    dup2(to[0], STDIN_FILENO);
    dup2(from[1], STDOUT_FILENO);
    replace_by(command);
    std::cerr << command.front() << " could not be started\n";
    return 1;
  });
  close(to[0]);
  close(from[1]);
  to_ = fdopen(to[1], "w");
  from_ = fdopen(from[0], "r");
}

Child::~Child() {
  if (to_) fclose(to_);
  fclose(from_);
  if (id_ == 0) return;
  kill(id_, SIGKILL);
  wait_for(id_);
}

void Child::tell(const std::string& line) {
  fputs((line + '\n').c_str(), to_);
  fflush(to_);
}

std::string Child::answer() {
  std::string line;
  for (int c = fgetc(from_); c != '\n'; c = fgetc(from_)) {
    if (c == EOF) throw RunError(name_ + " ended too early");
    line += static_cast<char>(c);
  }
  return line;
}

void Child::finish() {
  fclose(to_);
  to_ = nullptr;
  const ProcessEnd end = wait_for(id_);
  id_ = 0;
  if (!end.succeeded()) throw RunError(name_ + " failed");
}

std::string program_beside(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

}  // namespace msfusion
