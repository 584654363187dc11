#include "sim/deploy/shaped_network.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

constexpr double kBurstSeconds = 0.0005;  // the shaper's burst allowance: small, so that short messages are limited too
constexpr double kLeastBurstBytes = 2000;
constexpr int kQueueBytes = 16 << 20;  // large enough that nothing is dropped: senders wait

struct Output {
  int status = 0;
  std::string text;
};

// Commands consist of our own names and numbers, so that no quoting is needed.
Output run(const std::string& command) {
  FILE* pipe = popen(("PATH=$PATH:/usr/sbin:/sbin " + command + " 2>&1").c_str(), "r");
  if (!pipe) throw RunError("no shell to run " + command);
  Output output;
  std::array<char, 4096> part{};
  while (const std::size_t count = fread(part.data(), 1, part.size(), pipe)) output.text.append(part.data(), count);
  output.status = pclose(pipe);
  output.text.erase(output.text.find_last_not_of('\n') + 1);
  return output;
}

void run_or_throw(const std::string& command) {
  const Output output = run(command);
  if (output.status != 0) throw RunError(fmt::format("{}: {}", command, output.text));
}

std::string shaper(const std::string& space, const std::string& device, double bits_per_second) {
  return fmt::format("tc -n {} qdisc add dev {} root tbf rate {:.0f} burst {:.0f} limit {}", space, device,
                     bits_per_second, ShapedNetwork::burst_bytes(bits_per_second), kQueueBytes);
}

}  // namespace

std::optional<std::string> ShapedNetwork::reason_unavailable() {
  if (geteuid() != 0) return "it needs root for network namespaces";
  if (run("ip -V").status != 0 || run("tc -V").status != 0) return "ip and tc are missing (package iproute2)";
  try {
    const ShapedNetwork tried({{1e6, 1e6}});
  } catch (const RunError& error) {
    return std::string("the system does not allow namespaces with shaped links: ") + error.what();
  }
  return {};
}

ShapedNetwork::ShapedNetwork(const std::vector<AccessLine>& lines)
    : prefix_(fmt::format("msf{}", getpid())), nodes_(static_cast<int>(lines.size())) {
  try {
    const std::string hub = namespace_of(-1);
    run_or_throw(fmt::format("ip netns add {}", hub));
    run_or_throw(fmt::format("ip -n {} link add hub type bridge stp_state 0 forward_delay 0", hub));
    run_or_throw(fmt::format("ip -n {} link set hub up", hub));
    for (int node = 0; node < nodes_; ++node) {
      const std::string own = namespace_of(node), port = fmt::format("port{}", node);
      run_or_throw(fmt::format("ip netns add {}", own));
      run_or_throw(fmt::format("ip -n {} link add {} type veth peer name line netns {}", hub, port, own));
      run_or_throw(fmt::format("ip -n {} link set {} master hub up", hub, port));
      run_or_throw(fmt::format("ip -n {} link set lo up", own));
      run_or_throw(fmt::format("ip -n {} addr add {}/24 dev line", own, address(node)));
      run_or_throw(fmt::format("ip -n {} link set line up", own));
      run_or_throw(fmt::format("ip netns exec {} sh -c 'echo 0 > /proc/sys/net/ipv4/tcp_slow_start_after_idle'", own));
      const AccessLine& line = lines[static_cast<std::size_t>(node)];
      run_or_throw(shaper(own, "line", line.up_bits_per_second));
      run_or_throw(shaper(hub, port, line.down_bits_per_second));
    }
  } catch (...) {
    remove();
    throw;
  }
}

ShapedNetwork::~ShapedNetwork() {
  remove();
}

void ShapedNetwork::remove() const {
  for (int node = -1; node < nodes_; ++node) run("ip netns del " + namespace_of(node));
}

std::string ShapedNetwork::namespace_of(int node) const {
  return node < 0 ? prefix_ + "-hub" : fmt::format("{}-{}", prefix_, node);
}

double ShapedNetwork::burst_bytes(double bits_per_second) {
  return std::max(kLeastBurstBytes, bits_per_second / 8 * kBurstSeconds);
}

std::string ShapedNetwork::address(int node) {
  return fmt::format("10.77.0.{}", node + 1);
}

void ShapedNetwork::enter(int node) const {
  const std::string file = "/run/netns/" + namespace_of(node);
  const int space_file = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (space_file < 0 || setns(space_file, CLONE_NEWNET) != 0) throw RunError(file + " could not be entered");
  close(space_file);
}

double ShapedNetwork::sent_bytes(int node) const {
  const Output output = run(fmt::format("ip -n {} -j -s link show dev line", namespace_of(node)));
  try {
    return nlohmann::json::parse(output.text).at(0).at("stats64").at("tx").at("bytes");
  } catch (const nlohmann::json::exception&) {
    throw RunError("ip says nothing of the bytes sent: " + output.text);
  }
}

}  // namespace msfusion
