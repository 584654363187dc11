#include "tests/e2e/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "sim/record/store.hpp"

namespace msfusion {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "msfusion-e2e-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::write(const std::string& name, const std::string& text) const {
  std::ofstream(path_ / name) << text;
  return file(name);
}

Program::Program(const std::vector<std::string>& arguments) {
  pid_ = fork();
  if (pid_ != 0) return;
  const int out = open(folder_.file("out").c_str(), O_CREAT | O_WRONLY, 0644),
            err = open(folder_.file("err").c_str(), O_CREAT | O_WRONLY, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  std::vector<char*> words = {const_cast<char*>(MSFUSION_PROGRAM)};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  execv(MSFUSION_PROGRAM, words.data());
  _exit(127);
}

void Program::signal(int number) const {
  kill(pid_, number);
}

Ended Program::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), text_of(folder_.file("out")),
          text_of(folder_.file("err"))};
}

Ended msfusion_program(const std::vector<std::string>& arguments) {
  return Program(arguments).wait();
}

std::string input(const std::string& name) {
  return std::string(MSFUSION_SOURCE_DIR) + "/tests/e2e/inputs/" + name;
}

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::map<std::string, std::string> tables_of(const std::string& folder) {
  return StoreReader(folder + "/run.sqlite").result_tables();
}

}  // namespace msfusion
