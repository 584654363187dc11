#include "sim/deploy/mesh.hpp"

#include <unistd.h>

#include <chrono>
#include <future>
#include <map>
#include <mutex>
#include <numeric>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
std::vector<Address> loopback(int nodes) {
  std::vector<Address> addresses;
  for (int node = 0; node < nodes; ++node)
    addresses.push_back({"127.0.0.1", 20000 + static_cast<int>(getpid() % 20000) + node});
  return addresses;
}
}  // namespace

TEST_CASE("messages arrive complete, with their headers, over all lanes") {
  const std::set<Lane> lanes = {{0, 1, 0}, {0, 1, 1}, {1, 0, 0}};
  std::mutex mutex;
  std::map<int, Payload> arrived;
  std::promise<void> all;
  const auto take = [&](const MessageHeader& header, Payload payload) {
    const std::lock_guard<std::mutex> lock(mutex);
    CHECK(header.round == 5);
    CHECK(static_cast<std::int64_t>(payload.size()) == header.bytes);
    arrived[header.step] = std::move(payload);
    if (arrived.size() == 3) all.set_value();
  };
  auto other = std::async(std::launch::async, [&] { return std::make_unique<Mesh>(1, loopback(2), lanes, take); });
  Mesh one(0, loopback(2), lanes, take);
  const auto two = other.get();
  Payload large(1 << 22);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::byte>(i * 7 + i / 256);
  one.send({0, 1, 0}, {5, 0, static_cast<std::int64_t>(large.size())}, large);
  one.send({0, 1, 1}, {5, 1, 0}, {});
  two->send({1, 0, 0}, {5, 2, 1}, {std::byte{25}});
  REQUIRE(all.get_future().wait_for(std::chrono::seconds(20)) == std::future_status::ready);
  CHECK(arrived[0] == large);
  CHECK(arrived[1].empty());
  CHECK(arrived[2] == Payload{std::byte{25}});
}

TEST_CASE("transfers between the same two nodes have lanes of their own, and computing has none") {
  RoundPlan plan;
  plan.steps = {{Compute{0, 1}, 0, {}},
                {Transfer{0, 1, 4, Cargo::trained}, 0, {0}},
                {Transfer{0, 1, 4, Cargo::stale}, 0, {0}},
                {Transfer{1, 0, 4, Cargo::trained}, 0, {}}};
  const std::set<Lane> lanes = all_lanes({plan});
  REQUIRE(lanes.size() == 3);
  CHECK(lanes.count({0, 1, 0}) == 1);
  CHECK(lanes.count({0, 1, 1}) == 1);
  CHECK(lanes.count({1, 0, 0}) == 1);
  CHECK(lanes_of(plan)[0].to == 0);
}
