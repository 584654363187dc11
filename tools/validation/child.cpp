#include "tools/validation/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "sim/base/error.hpp"

namespace msfusion {

Child::Child(std::string name, const std::vector<std::string>& command, const std::function<void()>& before)
    : name_(std::move(name)) {
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw RunError("no pipes for " + name_);
  id_ = fork();
  if (id_ == 0) {
    try {
      before();
      dup2(to[0], STDIN_FILENO);
      dup2(from[1], STDOUT_FILENO);
      std::vector<char*> words;
      for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      execv(words.front(), words.data());
      std::cerr << command.front() << " could not be started\n";
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';
    }
    _exit(1);
  }
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
  waitpid(id_, nullptr, 0);
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
  int status = 0;
  waitpid(id_, &status, 0);
  id_ = 0;
  if (status != 0) throw RunError(name_ + " failed");
}

std::string program_beside(const std::string& name) {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / name).string();
}

}  // namespace msfusion
