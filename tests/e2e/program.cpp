#include "tests/e2e/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "sim/record/store.hpp"
#include "tests/support/paths.hpp"

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

Program::Program(const std::vector<std::string>& arguments, const std::function<void()>& before_start) {
  pid_ = fork();
  if (pid_ != 0) return;
  const int out = open(folder_.file("out").c_str(), O_CREAT | O_WRONLY, 0644),
            err = open(folder_.file("err").c_str(), O_CREAT | O_WRONLY, 0644);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  // Leaks are looked for in the rooms' own tests: in a program that has loaded LibTorch, LeakSanitizer now and then
  // crashes itself.
  add_sanitizer_option("detect_leaks=0");
  if (before_start) before_start();
  std::vector<char*> words = {const_cast<char*>(program_path())};
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  execv(program_path(), words.data());
  _exit(127);
}

// A test that failed in between leaves nothing behind.
Program::~Program() {
  if (status_) return;
  kill_all();
  wait();
}

std::vector<pid_t> Program::children() const {
  std::istringstream ids(text_of("/proc/" + std::to_string(pid_) + "/task/" + std::to_string(pid_) + "/children"));
  return {std::istream_iterator<pid_t>(ids), std::istream_iterator<pid_t>()};
}

void Program::signal(int number) const {
  if (!status_) kill(pid_, number);
}

void Program::kill_all() const {
  const std::vector<pid_t> runs = children();
  signal(SIGKILL);
  for (const pid_t run : runs) kill(run, SIGKILL);
}

bool Program::has_ended() {
  int status = 0;
  rusage usage{};
  if (!status_ && wait4(pid_, &status, WNOHANG, &usage) == pid_) ended(status, usage);
  return status_.has_value();
}

void Program::ended(int status, const rusage& usage) {
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  status_ = status;
  cpu_seconds_ = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  peak_bytes_ = 1024 * static_cast<std::int64_t>(usage.ru_maxrss);
}

Ended Program::wait() {
  rusage usage{};
  if (int status = 0; !status_ && wait4(pid_, &status, 0, &usage) == pid_) ended(status, usage);
  const int status = status_.value();
  return {WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), text_of(folder_.file("out")),
          text_of(folder_.file("err")), cpu_seconds_, peak_bytes_};
}

Ended msfusion_program(const std::vector<std::string>& arguments, const std::function<void()>& before_start) {
  return Program(arguments, before_start).wait();
}

std::string input(const std::string& name) {
  return source_file("tests/e2e/inputs/" + name);
}

std::string text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void add_sanitizer_option(const std::string& option) {
  const char* before = std::getenv("ASAN_OPTIONS");
  setenv("ASAN_OPTIONS", ((before ? before + std::string(":") : std::string()) + option).c_str(), 1);
}

std::size_t rounds_in(const std::string& folder) {
  try {
    const StoreReader store(folder + "/run.sqlite");
    std::size_t rounds = 0;
    for (const RunRecord& run : store.runs()) rounds += store.rounds(run.run).size();
    return rounds;
  } catch (const std::exception&) {
    return 0;  // not there yet
  }
}

std::map<std::string, std::string> tables_of(const std::string& folder) {
  return StoreReader(folder + "/run.sqlite").result_tables();
}

}  // namespace msfusion
