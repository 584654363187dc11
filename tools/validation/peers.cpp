#include "tools/validation/peers.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "sim/base/error.hpp"
#include "sim/deploy/cpu_share.hpp"
#include "sim/deploy/pinning.hpp"
#include "tools/validation/node_config.hpp"

namespace msfusion {

using nlohmann::json;

struct Peers::Process {
  int node = 0;
  pid_t id = 0;
  FILE* to = nullptr;
  FILE* from = nullptr;

  ~Process() {
    if (to) fclose(to);
    if (from) fclose(from);
    if (id == 0) return;
    kill(id, SIGKILL);
    waitpid(id, nullptr, 0);
  }
};

namespace {

std::string result_file(const std::string& folder, int node) {
  return fmt::format("{}/peer-{}.bin", folder, node);
}

RoundLog log_of(const json& entry) {
  RoundLog log;
  log.merge_seconds = entry.at("merge_seconds");
  log.end_seconds = entry.at("end");
  for (const json& step : entry.at("steps")) {
    StepLog read;
    read.step = step.at("step");
    read.cpu_seconds = step.at("cpu_seconds");
    read.payload_bytes = step.at("payload_bytes");
    if (step.contains("start")) read.start_seconds = step.at("start").get<double>();
    if (step.contains("end")) read.end_seconds = step.at("end").get<double>();
    log.steps.push_back(read);
  }
  return log;
}

}  // namespace

Peers::Peers(const std::string& program, const std::string& config_file, int nodes, const std::string& folder,
             const ShapedNetwork* network, const std::vector<int>& cores)
    : folder_(folder) {
  for (int node = 0; node < nodes; ++node) {
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw RunError("no pipes for the peers");
    auto process = std::make_unique<Process>();
    process->node = node;
    process->id = fork();
    if (process->id == 0) {
      try {
        if (network) network->enter(node);
        if (!cores.empty()) pin_to_core(cores.at(static_cast<std::size_t>(node)));
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        const std::string number = std::to_string(node), result = result_file(folder, node);
        execl(program.c_str(), program.c_str(), config_file.c_str(), number.c_str(), result.c_str(), nullptr);
        std::cerr << program << " could not be started\n";
      } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
      }
      _exit(1);
    }
    close(to[0]);
    close(from[1]);
    process->to = fdopen(to[1], "w");
    process->from = fdopen(from[0], "r");
    processes_.push_back(std::move(process));
  }
  for (auto& process : processes_)
    if (line_of(*process) != "ready") throw RunError(fmt::format("peer {} did not come up", process->node));
}

Peers::~Peers() = default;

std::string Peers::line_of(Process& process) {
  std::string line;
  for (int c = fgetc(process.from); c != '\n'; c = fgetc(process.from)) {
    if (c == EOF) throw RunError(fmt::format("peer {} ended too early", process.node));
    line += static_cast<char>(c);
  }
  return line;
}

MeasuredRound Peers::round() {
  MeasuredRound measured;
  measured.start_seconds = monotonic_seconds();
  for (auto& process : processes_) {
    fputc('\n', process->to);
    fflush(process->to);
  }
  for (auto& process : processes_) measured.nodes.push_back(log_of(json::parse(line_of(*process))));
  return measured;
}

std::vector<std::vector<float>> Peers::finish() {
  std::vector<std::vector<float>> parameters;
  for (auto& process : processes_) {
    fclose(process->to);
    process->to = nullptr;
    int status = 0;
    waitpid(process->id, &status, 0);
    process->id = 0;
    if (status != 0) throw RunError(fmt::format("peer {} failed", process->node));
    parameters.push_back(read_floats(result_file(folder_, process->node)));
  }
  return parameters;
}

}  // namespace msfusion
