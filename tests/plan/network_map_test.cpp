#include "sim/plan/network_map.hpp"

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

using Links = std::vector<int>;

std::vector<std::tuple<NodeId, int, int>> joints_of(const NetworkMap& map) {
  std::vector<std::tuple<NodeId, int, int>> joints;
  for (const auto& joint : map.joints) joints.emplace_back(joint.device, joint.link, joint.next_link);
  return joints;
}

}  // namespace

TEST_CASE("in a star every link is its device's own, and all devices meet in the middle") {
  // Up links 0 .. 3, down links 4 .. 7.
  const auto map = map_network(4, 4, 8, [](NodeId from, NodeId to) { return Links{from, 4 + to}; });
  for (int node = 0; node < 4; ++node) {
    CHECK(map.links[static_cast<std::size_t>(node)].owner == node);
    CHECK(map.links[static_cast<std::size_t>(4 + node)].owner == node);
    CHECK(map.links[static_cast<std::size_t>(node)].nodes == 4);
  }
  CHECK(joints_of(map) ==
        std::vector<std::tuple<NodeId, int, int>>{{0, -1, -1}, {1, -1, -1}, {2, -1, -1}, {3, -1, -1}});
}

TEST_CASE("a link that one device uses both ways is its own") {
  const auto map = map_network(3, 3, 3, [](NodeId from, NodeId to) { return Links{from, to}; });
  for (int node = 0; node < 3; ++node) CHECK(map.links[static_cast<std::size_t>(node)].owner == node);
}

TEST_CASE("two cells are shared links that a third one joins") {
  // Devices 0 and 1 in cell 4, devices 2 and 3 in cell 5, link 6 between the cells; access links 0 .. 3.
  const auto map = map_network(4, 4, 8, [](NodeId from, NodeId to) {
    const int cell = 4 + from / 2, other = 4 + to / 2;
    return cell == other ? Links{from, cell, to} : Links{from, cell, 6, other, to};
  });
  CHECK(map.links[0].owner == 0);
  for (const std::size_t shared : {4u, 5u, 6u}) CHECK_FALSE(map.links[shared].owner);
  CHECK(map.links[6].nodes == 4);
  CHECK(map.links[7].nodes == 0);
  CHECK(joints_of(map) == std::vector<std::tuple<NodeId, int, int>>{
                              {-1, 4, 6}, {-1, 5, 6}, {0, 4, -1}, {1, 4, -1}, {2, 5, -1}, {3, 5, -1}});
}

TEST_CASE("where some share a cell and others nothing, the cell hangs on the middle") {
  // Devices 0 and 1 on own links only; devices 2 and 3 behind cell 4 (its air) and 5 (its line).
  const auto map = map_network(4, 4, 6, [](NodeId from, NodeId to) {
    Links way{from};
    const bool same_cell = from >= 2 && to >= 2;
    if (from >= 2) way.push_back(4);
    if (from >= 2 && !same_cell) way.push_back(5);
    if (to >= 2 && !same_cell) way.push_back(5);
    if (to >= 2 && !same_cell) way.push_back(4);
    way.push_back(to);
    return way;
  });
  CHECK(map.links[0].owner == 0);
  CHECK_FALSE(map.links[5].owner);
  CHECK(joints_of(map) == std::vector<std::tuple<NodeId, int, int>>{
                              {-1, 4, 5}, {0, -1, -1}, {1, -1, -1}, {2, 4, -1}, {3, 4, -1}, {-1, -1, 5}});
}

TEST_CASE("a link between one pair of many belongs to no node alone, and pairs without a route are left out") {
  // A line 0 - 1 - 2 of links 0 and 1; no way between the ends.
  const auto map = map_network(3, 3, 2, [](NodeId from, NodeId to) -> std::optional<Links> {
    if (std::abs(from - to) > 1) return std::nullopt;
    return Links{std::min(from, to)};
  });
  CHECK(map.links[0].nodes == 2);
  CHECK(map.links[0].owner == 0);  // all that 0 has
  CHECK(map.links[1].owner == 2);
}

TEST_CASE("a server's own link, and a large fleet, are recognised from some of the routes") {
  const int devices = 300;  // access links 0 .. 299, the server's link 300
  const auto map = map_network(devices, devices + 1, devices + 1, [](NodeId from, NodeId to) {
    return Links{from, to};
  });
  for (int node = 0; node <= devices; ++node) CHECK(map.links[static_cast<std::size_t>(node)].owner == node);
  CHECK(map.joints.size() == 301);
}
