#include "sim/deploy/link_probe.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <iostream>
#include <mutex>

#include "sim/base/error.hpp"
#include "sim/deploy/cpu_share.hpp"
#include "sim/deploy/mesh.hpp"
#include "sim/deploy/shaped_network.hpp"

namespace msfusion {

namespace {

constexpr int kRepetitions = 5;
constexpr int kPort = 7000;
const Lane kThere{0, 1, 0}, kBack{1, 0, 0};

std::vector<Address> addresses() {
  return {{ShapedNetwork::address(0), kPort}, {ShapedNetwork::address(1), kPort}};
}

/// Waits for the answer to every message before the next one.
void send_all(const std::vector<std::int64_t>& sizes) {
  std::mutex mutex;
  std::condition_variable changed;
  int answers = 0;
  Mesh mesh(0, addresses(), {kThere, kBack}, [&](const MessageHeader&, std::vector<float>) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++answers;
    changed.notify_all();
  });
  int sent = 0;
  for (int repetition = 0; repetition < kRepetitions; ++repetition)
    for (const std::int64_t bytes : sizes) {
      // What a shaper lets through ahead is there again after a pause.
      sleep_until(monotonic_seconds() + 0.02);
      std::vector<float> values(static_cast<std::size_t>(bytes) / sizeof(float));
      const double start = monotonic_seconds();
      std::memcpy(values.data(), &start, sizeof start);
      mesh.send(kThere, {0, sent++, static_cast<std::int64_t>(values.size())}, values);
      std::unique_lock<std::mutex> lock(mutex);
      changed.wait(lock, [&] { return answers == sent; });
    }
}

/// Writes each message's time to `out`.
void answer_all(int messages, int out) {
  std::mutex mutex;
  std::condition_variable changed;
  int arrived = 0;
  std::vector<double> times;
  Mesh mesh(1, addresses(), {kThere, kBack}, [&](const MessageHeader&, const std::vector<float>& values) {
    const double now = monotonic_seconds();
    double start = 0;
    std::memcpy(&start, values.data(), sizeof start);
    const std::lock_guard<std::mutex> lock(mutex);
    times.push_back(now - start);
    ++arrived;
    changed.notify_all();
  });
  for (int i = 1; i <= messages; ++i) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return arrived >= i; });
    lock.unlock();
    mesh.send(kBack, {0, i, 0}, {});
  }
  const auto bytes = static_cast<ssize_t>(times.size() * sizeof(double));
  if (write(out, times.data(), static_cast<std::size_t>(bytes)) != bytes) throw RunError("the times were lost");
}

template <class Work>
pid_t in_child(const ShapedNetwork& network, int node, Work work) {
  const pid_t child = fork();
  if (child != 0) return child;
  int status = 1;
  try {
    network.enter(node);
    work();
    status = 0;
  } catch (const std::exception& error) {
    std::cerr << "msfusion: " << error.what() << '\n';
  }
  _exit(status);
}

}  // namespace

std::vector<ProbedTransfer> probe_link(double bits_per_second, const std::vector<std::int64_t>& sizes) {
  const ShapedNetwork network({{bits_per_second, bits_per_second}, {1e10, 1e10}});
  const int messages = kRepetitions * static_cast<int>(sizes.size());
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) throw RunError("no pipe for the probe of a link");
  const pid_t receiver = in_child(network, 1, [&] { answer_all(messages, pipe_ends[1]); });
  const pid_t sender = in_child(network, 0, [&] { send_all(sizes); });
  close(pipe_ends[1]);
  std::vector<double> times(static_cast<std::size_t>(messages));
  std::size_t filled = 0;
  while (filled < times.size() * sizeof(double)) {
    const ssize_t count =
        read(pipe_ends[0], reinterpret_cast<char*>(times.data()) + filled, times.size() * sizeof(double) - filled);
    if (count <= 0) break;
    filled += static_cast<std::size_t>(count);
  }
  close(pipe_ends[0]);
  bool good = filled == times.size() * sizeof(double);
  for (const pid_t child : {sender, receiver}) {
    int status = 0;
    waitpid(child, &status, 0);
    good = good && status == 0;
  }
  if (!good) throw RunError("the probe of a link did not come to an end");
  std::vector<ProbedTransfer> transfers;
  for (std::size_t size = 0; size < sizes.size(); ++size) {
    std::vector<double> of_size;
    for (std::size_t i = size; i < times.size(); i += sizes.size()) of_size.push_back(times[i]);
    std::sort(of_size.begin(), of_size.end());
    transfers.push_back(
        {bits_per_second, sizes[size], ShapedNetwork::burst_bytes(bits_per_second), of_size[of_size.size() / 2]});
  }
  return transfers;
}

}  // namespace msfusion
