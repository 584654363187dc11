#include "tools/ranks/ranks.hpp"

#include <fmt/format.h>

#include <cstdlib>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {
int number_of(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::atoi(text) : otherwise;
}
}  // namespace

RankPlace rank_place() {
  return {number_of("OMPI_COMM_WORLD_RANK", 0), number_of("OMPI_COMM_WORLD_SIZE", 1)};
}

}  // namespace msfusion

#ifndef MSFUSION_MPI

namespace msfusion {

std::unique_ptr<Ranks> split_ranks(const Preparation&, const RankPlace& place) {
  throw UserError(Mistake{"mpirun", 0, fmt::format("{} ranks, but this msfusion was built without MPI", place.ranks),
                          "one rank, or a build that finds MPI (Debian: libopenmpi-dev openmpi-bin)"});
}

}  // namespace msfusion

#else

#include <fcntl.h>
#include <mpi.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "sim/base/processes.hpp"
#include "tools/commands/learner_plugin.hpp"

namespace msfusion {

namespace {

constexpr auto kNap = std::chrono::microseconds(200);  // between looks for a message: waiting must not take a core
constexpr int kStop = 1, kJob = 2, kResult = 3, kFailure = 4;  // tags

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// A message on a socket: its length, then its bytes.
void send_bytes(int to, const void* bytes, std::size_t count) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t sent = send(to, at, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) fail("sending to the other ranks");
    at += sent;
    count -= static_cast<std::size_t>(sent);
  }
}

void send_message(int to, const std::string& message) {
  const std::uint64_t length = message.size();
  send_bytes(to, &length, sizeof length);
  send_bytes(to, message.data(), message.size());
}

bool receive_bytes(int from, void* bytes, std::size_t count) {
  char* at = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = recv(from, at, count, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

bool receive_message(int from, std::string& message) {
  std::uint64_t length = 0;
  if (!receive_bytes(from, &length, sizeof length)) return false;
  message.resize(length);
  return receive_bytes(from, message.data(), length);
}

// A name that no file system knows: gone with its last user.
sockaddr_un address_of(pid_t gateway) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = fmt::format("msfusion-ranks-{}", gateway);
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  return address;
}

class ToGateway : public Ranks {
 public:
  ToGateway(const Preparation& preparation, int ranks, pid_t gateway) : address_(address_of(gateway)) {
    remote_trainer_.capacity = ranks - 1;
    remote_trainer_.train = [this, &preparation](const LearnerSetup& run, const std::string& job) {
      return ask(number_of(preparation, run), job);
    };
  }
  const RemoteTrainer& remote_trainer() const override { return remote_trainer_; }

 private:
  static int number_of(const Preparation& preparation, const LearnerSetup& setup) {
    for (const RunSpec& run : runs_of(preparation))
      if (run.method->label == setup.method.label && run.seed == setup.seed) return run.run;
    throw std::logic_error("a run that the scenario does not have");
  }

  // Each thread that waits for the ranks has a connection of its own.
  std::string ask(int run, const std::string& job) const {
    const auto lost = [] { return RunError("a rank was lost, or mpirun was stopped: no rank is left to train"); };
    struct Connection {
      int socket = -1;
      ~Connection() {
        if (socket >= 0) close(socket);
      }
    };
    thread_local Connection connection;
    if (connection.socket < 0) {
      connection.socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (connect(connection.socket, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0) throw lost();
    }
    std::string message(reinterpret_cast<const char*>(&run), sizeof run), reply;
    message += job;
    try {
      send_message(connection.socket, message);
    } catch (const std::system_error&) {
      throw lost();
    }
    if (!receive_message(connection.socket, reply)) throw lost();
    if (reply.at(0) != 'y') throw RunError(reply.substr(1));
    return reply.substr(1);
  }

  sockaddr_un address_;
  RemoteTrainer remote_trainer_;
};

int size_of(const std::string& message) {
  if (message.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()))
    throw RunError("a training of more than 2 GiB cannot be sent to another rank");
  return static_cast<int>(message.size());
}

std::string receive(const MPI_Status& from) {
  int count = 0;
  MPI_Get_count(&from, MPI_BYTE, &count);
  std::string message(static_cast<std::size_t>(count), '\0');
  MPI_Recv(message.data(), count, MPI_BYTE, from.MPI_SOURCE, from.MPI_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  return message;
}

void send(int rank, int tag, const std::string& message) {
  MPI_Send(message.data(), size_of(message), MPI_BYTE, rank, tag, MPI_COMM_WORLD);
}

/// The process that mpirun started as rank 0: hands jobs to idle ranks, and results back to the sender of the job.
class Gateway {
 public:
  Gateway(int listener, pid_t program, int ranks) : listener_(listener), program_(program) {
    MPI_Init(nullptr, nullptr);
    for (int rank = 1; rank < ranks; ++rank) idle_.push_back(rank);
  }

  /// Until the program has ended; returns its exit code.
  int run() {
    std::optional<ProcessEnd> end;
    while (!(end = poll_end(program_))) {
      look_at_sockets();
      hand_out();
      hand_back();
    }
    // Ranks that still train for a program that is gone are not waited for.
    if (!busy_.empty()) MPI_Abort(MPI_COMM_WORLD, end->shell_code());
    for (const int rank : idle_) send(rank, kStop, "");
    MPI_Finalize();
    return end->shell_code();
  }

 private:
  void look_at_sockets() {
    std::vector<pollfd> polled = {{listener_, POLLIN, 0}};
    for (const int client : clients_) polled.push_back({client, POLLIN, 0});
    const bool waiting_for_ranks = !busy_.empty();
    if (poll(polled.data(), polled.size(), waiting_for_ranks ? 0 : 20) <= 0) {
      if (waiting_for_ranks) std::this_thread::sleep_for(kNap);
      return;
    }
    for (std::size_t i = 1; i < polled.size(); ++i)
      if (polled[i].revents != 0) read_from(polled[i].fd);
    if (polled[0].revents != 0)
      if (const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); client >= 0)
        clients_.push_back(client);
  }

  void read_from(int client) {
    std::string job;
    if (receive_message(client, job)) {
      waiting_.push_back({client, std::move(job)});
      return;
    }
    close(client);
    clients_.erase(std::find(clients_.begin(), clients_.end(), client));
    // Drop its pending requests: a later client may get its number.
    waiting_.erase(
        std::remove_if(waiting_.begin(), waiting_.end(), [&](const Job& wanted) { return wanted.client == client; }),
        waiting_.end());
    for (auto& [rank, asked_by] : busy_)
      if (asked_by == client) asked_by = -1;
  }

  void hand_out() {
    while (!waiting_.empty() && !idle_.empty()) {
      const Job job = std::move(waiting_.front());
      waiting_.pop_front();
      busy_[idle_.back()] = job.client;
      send(idle_.back(), kJob, job.message);
      idle_.pop_back();
    }
  }

  void hand_back() {
    int found = 0;
    MPI_Status from;
    while (MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &found, &from) == MPI_SUCCESS && found) {
      const std::string result = receive(from);
      const int client = busy_.at(from.MPI_SOURCE);
      busy_.erase(from.MPI_SOURCE);
      idle_.push_back(from.MPI_SOURCE);
      if (client < 0) continue;
      try {
        send_message(client, (from.MPI_TAG == kResult ? "y" : "n") + result);
      } catch (const std::system_error&) {
        // It has just ended; reading from its socket will say so.
      }
    }
  }

  struct Job {
    int client;
    std::string message;
  };

  int listener_;
  pid_t program_;
  std::vector<int> clients_, idle_;
  std::map<int, int> busy_;  // the client that asked, by rank; -1: it is gone
  std::deque<Job> waiting_;
};

int g_nowhere = -1;

// When rank 0 is gone, nothing reads the program's output, but its rows must still be written.
void print_nowhere(int) {
  dup2(g_nowhere, STDOUT_FILENO);
  dup2(g_nowhere, STDERR_FILENO);
}

std::unique_ptr<Ranks> split_off_gateway(const Preparation& preparation, int ranks) {
  const pid_t gateway = getpid();
  const sockaddr_un address = address_of(gateway);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 || bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, SOMAXCONN) != 0)
    fail("a socket for the ranks");
  const pid_t program = fork_process();
  if (program == 0) {
    close(listener);
    setsid();  // mpirun kills the process group of a rank that it ends
    g_nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR2, print_nowhere);
    prctl(PR_SET_PDEATHSIG, SIGUSR2);
    return std::make_unique<ToGateway>(preparation, ranks, gateway);
  }
  pass_signals_on_to(program);  // mpirun's are meant for the program, which finishes its round
  _exit(Gateway(listener, program, ranks).run());
}

// The data of a run that this rank has trained for.
struct RunHere {
  RunInputs inputs;
  LearnerSetup setup;
  std::unique_ptr<Trainer> trainer;
  RunHere(const Preparation& preparation, const RunSpec& run)
      : inputs(preparation, run),
        setup{inputs.shape,
              preparation.data,
              inputs.parts,
              inputs.training,
              preparation.scenario.evaluation,
              preparation.scenario.data,
              *inputs.run.method,
              run.seed},
        trainer(load_trainer(setup)) {}
};

[[noreturn]] void train_for_rank_0(const Preparation& preparation) {
  MPI_Init(nullptr, nullptr);
  std::map<int, RunHere> runs;
  while (true) {
    int found = 0;
    MPI_Status from;
    MPI_Iprobe(0, MPI_ANY_TAG, MPI_COMM_WORLD, &found, &from);
    if (!found) {
      std::this_thread::sleep_for(kNap);
      continue;
    }
    const std::string message = receive(from);
    if (from.MPI_TAG == kStop) break;
    try {
      int number = 0;
      std::memcpy(&number, message.data(), sizeof number);
      const auto all = runs_of(preparation);
      RunHere& run = runs.try_emplace(number, preparation, all.at(static_cast<std::size_t>(number))).first->second;
      send(0, kResult, run.trainer->train(message.substr(sizeof number)));
    } catch (const std::exception& error) {
      send(0, kFailure, error.what());
    }
  }
  MPI_Finalize();
  _exit(0);
}

}  // namespace

std::unique_ptr<Ranks> split_ranks(const Preparation& preparation, const RankPlace& place) {
  if (place.rank > 0) train_for_rank_0(preparation);
  return split_off_gateway(preparation, place.ranks);
}

}  // namespace msfusion

#endif
