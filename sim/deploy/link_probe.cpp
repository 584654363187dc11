#include "sim/deploy/link_probe.hpp"

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <iostream>
#include <mutex>

#include "sim/base/error.hpp"
#include "sim/base/processes.hpp"
#include "sim/deploy/core_turn.hpp"
#include "sim/deploy/mesh.hpp"
#include "sim/deploy/shaped_network.hpp"

namespace msfusion {

namespace {

constexpr int kRepetitions = 5, kRepetitionsOfShort = 20;
constexpr double kShortSeconds = 0.1;
constexpr double kPauseSeconds = 0.02;
constexpr int kPort = 7000;
const Lane kForward{0, 1, 0}, kBackward{1, 0, 0};

std::vector<Address> addresses() {
  return {{ShapedNetwork::address(0), kPort}, {ShapedNetwork::address(1), kPort}};
}

/// The place in `sizes` of every message's size, in the order of sending.
std::vector<std::size_t> schedule_of(double bits_per_second, const std::vector<std::int64_t>& sizes) {
  std::vector<std::size_t> schedule;
  for (int repetition = 0; repetition < kRepetitionsOfShort; ++repetition)
    for (std::size_t size = 0; size < sizes.size(); ++size)
      if (repetition < kRepetitions || static_cast<double>(sizes[size]) * 8 / bits_per_second < kShortSeconds)
        schedule.push_back(size);
  return schedule;
}

/// Waits for the answer to every message before the next one.
void send_all(const std::vector<std::size_t>& schedule, const std::vector<std::int64_t>& sizes) {
  std::mutex mutex;
  std::condition_variable changed;
  int answers = 0;
  Mesh mesh(0, addresses(), {kForward, kBackward}, [&](const MessageHeader&, Payload) {
    const std::lock_guard<std::mutex> lock(mutex);
    ++answers;
    changed.notify_all();
  });
  int sent = 0;
  for (const std::size_t size : schedule) {
    Payload payload(static_cast<std::size_t>(sizes[size]));
    // A pause lets the shaper's burst allowance refill. Waking up late counts as part of a message's time, because
    // deployed nodes wait for a link's latency in the same way.
    const double start = monotonic_seconds() + kPauseSeconds;
    std::memcpy(payload.data(), &start, sizeof start);
    sleep_until(start);
    mesh.send(kForward, {0, sent++, static_cast<std::int64_t>(payload.size())}, payload);
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
  Mesh mesh(1, addresses(), {kForward, kBackward}, [&](const MessageHeader&, const Payload& payload) {
    const double now = monotonic_seconds();
    double start = 0;
    std::memcpy(&start, payload.data(), sizeof start);
    const std::lock_guard<std::mutex> lock(mutex);
    times.push_back(now - start);
    ++arrived;
    changed.notify_all();
  });
  for (int i = 1; i <= messages; ++i) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return arrived >= i; });
    lock.unlock();
    mesh.send(kBackward, {0, i, 0}, {});
  }
  const auto bytes = static_cast<ssize_t>(times.size() * sizeof(double));
  if (write(out, times.data(), static_cast<std::size_t>(bytes)) != bytes) throw RunError("the times were lost");
}

template <class Work>
pid_t in_child(const ShapedNetwork& network, int node, Work work) {
  return start_process([&] {
    try {
      network.enter(node);
      work();
      return 0;
    } catch (const std::exception& error) {
      std::cerr << "msfusion: " << error.what() << '\n';
      return 1;
    }
  });
}

}  // namespace

std::vector<ProbedTransfer> probe_link(double bits_per_second, const std::vector<std::int64_t>& sizes) {
  const ShapedNetwork network({{bits_per_second, bits_per_second}, {1e10, 1e10}});
  const std::vector<std::size_t> schedule = schedule_of(bits_per_second, sizes);
  const int messages = static_cast<int>(schedule.size());
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) throw RunError("no pipe for the probe of a link");
  const pid_t receiver = in_child(network, 1, [&] { answer_all(messages, pipe_ends[1]); });
  const pid_t sender = in_child(network, 0, [&] { send_all(schedule, sizes); });
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
  for (const pid_t child : {sender, receiver}) good = wait_for(child).succeeded() && good;
  if (!good) throw RunError("the probe of a link did not come to an end");
  std::vector<ProbedTransfer> transfers;
  for (const std::int64_t bytes : sizes)
    transfers.push_back({bits_per_second, bytes, ShapedNetwork::burst_bytes(bits_per_second), 0});
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    double& fastest = transfers[schedule[i]].seconds;
    if (fastest == 0 || times[i] < fastest) fastest = times[i];
  }
  return transfers;
}

}  // namespace msfusion
