#include "sim/plan/peer_graph.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using Kind = PeerGraph;

namespace {
PeerGraphOptions options_of(Kind kind) {
  PeerGraphOptions options;
  options.kind = kind;
  options.line = 8;
  return options;
}

std::size_t ends(const PeerNetwork& network) {
  std::size_t sum = 0;
  for (const auto& peers : network.neighbours) sum += peers.size();
  return sum;
}

std::string error_of(const PeerGraphOptions& options, int nodes) {
  try {
    make_peer_graph(options, nodes, 1);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

/// A GraphML file that goes away with the test.
class GraphFile {
 public:
  explicit GraphFile(const std::string& inner, const std::string& attributes = "edgedefault=\"undirected\"") {
    write("<?xml version=\"1.0\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n<graph " + attributes +
          ">\n" + inner + "\n</graph>\n</graphml>\n");
  }
  ~GraphFile() { unlink(path_.c_str()); }
  GraphFile(const GraphFile&) = delete;
  GraphFile& operator=(const GraphFile&) = delete;
  void write(const std::string& text) {
    if (path_.empty()) {
      path_ = (std::filesystem::temp_directory_path() / "msfusion-graph-XXXXXX").string();
      close(mkstemp(path_.data()));
    }
    std::ofstream(path_) << text;
  }
  PeerGraphOptions options() const {
    PeerGraphOptions result = options_of(Kind::file);
    result.file = path_;
    return result;
  }

 private:
  std::string path_;
};

const std::string kThreeNodes = "<node id=\"a\"/><node id=\"b\"/><node id=\"c\"/>\n";
}  // namespace

TEST_CASE("every kind of peer graph is symmetric, sorted, without loops, and the same for the same seed") {
  auto kind =
      GENERATE(Kind::complete, Kind::ring, Kind::regular, Kind::erdos_renyi, Kind::small_world, Kind::geometric);
  const PeerNetwork network = make_peer_graph(options_of(kind), 30, 2);
  CHECK(network.nodes == 30);
  REQUIRE(network.neighbours.size() == 30);
  REQUIRE(network.positions.size() == 30);
  for (NodeId i = 0; i < 30; ++i) {
    const auto& peers = network.neighbours[static_cast<std::size_t>(i)];
    CHECK(std::is_sorted(peers.begin(), peers.end()));
    CHECK(std::adjacent_find(peers.begin(), peers.end()) == peers.end());
    for (const NodeId j : peers) {
      CHECK(j != i);
      const auto& back = network.neighbours[static_cast<std::size_t>(j)];
      CHECK(std::binary_search(back.begin(), back.end(), i));
    }
    CHECK(network.positions[static_cast<std::size_t>(i)].first >= 0);
    CHECK(network.positions[static_cast<std::size_t>(i)].second <= 1);
  }
  CHECK(make_peer_graph(options_of(kind), 30, 2).neighbours == network.neighbours);
  const bool random = kind != Kind::complete && kind != Kind::ring;
  CHECK((make_peer_graph(options_of(kind), 30, 3).neighbours != network.neighbours) == random);
}

TEST_CASE("a complete graph joins all, a ring each with two, also for one and two devices") {
  CHECK(ends(make_peer_graph(options_of(Kind::complete), 7, 1)) == 42);
  CHECK(make_peer_graph(options_of(Kind::ring), 4, 1).neighbours ==
        std::vector<std::vector<NodeId>>{{1, 3}, {0, 2}, {1, 3}, {0, 2}});
  for (const Kind kind : {Kind::complete, Kind::ring}) {
    CHECK(make_peer_graph(options_of(kind), 1, 1).neighbours == std::vector<std::vector<NodeId>>{{}});
    CHECK(make_peer_graph(options_of(kind), 2, 1).neighbours == std::vector<std::vector<NodeId>>{{1}, {0}});
  }
}

TEST_CASE("in a regular graph every device has the degree, sparse or dense") {
  PeerGraphOptions options = options_of(Kind::regular);
  for (const int degree : {3, 4, 10, 15, 18, 19}) {
    options.degree = degree;
    for (const auto& peers : make_peer_graph(options, 20, 1).neighbours) {
      CHECK(peers.size() == static_cast<std::size_t>(degree));
    }
  }
  options.degree = 20;
  CHECK_THAT(error_of(options, 20), ContainsSubstring(":8: degree=20 for 20 devices; 1 to 19"));
  options.degree = 3;
  CHECK_THAT(error_of(options, 21), ContainsSubstring("both are odd"));
  options.degree = 1;
  CHECK_THAT(error_of(options, 20), ContainsSubstring("10 components") && ContainsSubstring("a degree above 1"));
}

TEST_CASE("an Erdos-Renyi graph has the expected number of edges") {
  PeerGraphOptions options = options_of(Kind::erdos_renyi);
  options.probability = 0.1;
  const double pairs = 300 * 299 / 2, edges = static_cast<double>(ends(make_peer_graph(options, 300, 1))) / 2;
  CHECK(std::abs(edges - 0.1 * pairs) < 4 * std::sqrt(pairs * 0.1 * 0.9));
  options.probability = 1;
  CHECK(ends(make_peer_graph(options, 10, 1)) == 90);
  options.probability = 0.001;
  CHECK_THAT(error_of(options, 30),
             ContainsSubstring(":8: a peer graph of") && ContainsSubstring("a probability above 0.001"));
  options.probability = 0;
  CHECK_THAT(error_of(options, 30), ContainsSubstring("probability=0; above 0, at most 1"));
}

TEST_CASE("rewiring a small world moves edges and keeps their number") {
  PeerGraphOptions options = options_of(Kind::small_world);
  options.probability = 0;
  const PeerNetwork lattice = make_peer_graph(options, 20, 1);
  CHECK(lattice.neighbours[0] == std::vector<NodeId>{1, 2, 18, 19});
  options.probability = 0.2;
  const PeerNetwork rewired = make_peer_graph(options, 20, 1);
  CHECK(ends(rewired) == ends(lattice));
  CHECK(rewired.neighbours != lattice.neighbours);
  options.probability = 1;
  options.degree = 4;
  CHECK(ends(make_peer_graph(options, 5, 1)) == 20);  // nowhere to move to
  options.degree = 3;
  CHECK_THAT(error_of(options, 20), ContainsSubstring("degree=3 for 20 devices; an even number from 2 to 19"));
}

TEST_CASE("in a geometric graph exactly those within the radius are neighbours") {
  PeerGraphOptions options = options_of(Kind::geometric);
  const PeerNetwork network = make_peer_graph(options, 40, 3);
  for (std::size_t i = 0; i < 40; ++i) {
    for (std::size_t j = 0; j < 40; ++j) {
      const auto [xi, yi] = network.positions[i];
      const auto [xj, yj] = network.positions[j];
      const bool near = i != j && std::hypot(xi - xj, yi - yj) <= 0.5;
      const auto& peers = network.neighbours[i];
      CHECK(std::binary_search(peers.begin(), peers.end(), static_cast<NodeId>(j)) == near);
    }
  }
  options.radius = 0.01;
  CHECK_THAT(error_of(options, 40), ContainsSubstring("components") && ContainsSubstring("a radius above 0.01"));
}

TEST_CASE("a GraphML file gives the devices' edges in the order of its nodes") {
  const GraphFile file(kThreeNodes + "<edge source=\"c\" target=\"a\"/><edge source=\"b\" target=\"a\"/>");
  CHECK(make_peer_graph(file.options(), 3, 1).neighbours == std::vector<std::vector<NodeId>>{{1, 2}, {0}, {0}});
}

TEST_CASE("a GraphML file that does not fit is refused with its line") {
  const std::string edge = "<edge source=\"a\" target=\"b\"/>";
  const std::string path = edge + "<edge source=\"b\" target=\"c\"/>";
  CHECK_THAT(error_of(GraphFile(kThreeNodes + path).options(), 4), ContainsSubstring(":3: 3 nodes; 4, one per device"));
  CHECK_THAT(error_of(GraphFile(kThreeNodes + edge).options(), 3),
             ContainsSubstring("2 components") && ContainsSubstring("connected"));
  CHECK_THAT(error_of(GraphFile(kThreeNodes + "<edge source=\"a\" target=\"d\"/>").options(), 3),
             ContainsSubstring(":5: target=\"d\"; the id of a node"));
  CHECK_THAT(error_of(GraphFile(kThreeNodes + "<edge source=\"a\"/>").options(), 3),
             ContainsSubstring("an edge without target"));
  CHECK_THAT(error_of(GraphFile(kThreeNodes + "<edge source=\"a\" target=\"a\"/>").options(), 3),
             ContainsSubstring(":5: an edge from a node to itself"));
  CHECK_THAT(error_of(GraphFile("<node id=\"a\"/><node id=\"a\"/>").options(), 2),
             ContainsSubstring("a second node \"a\""));
  CHECK_THAT(error_of(GraphFile(kThreeNodes + path, "edgedefault=\"directed\"").options(), 3),
             ContainsSubstring("directed"));
  CHECK_THAT(
      error_of(GraphFile(kThreeNodes + path + "<edge source=\"a\" target=\"c\" directed=\"true\"/>").options(), 3),
      ContainsSubstring(":5: directed=\"true\""));

  GraphFile other(kThreeNodes);
  other.write("<svg/>");
  CHECK_THAT(error_of(other.options(), 3), ContainsSubstring(":1: <svg>; a GraphML file"));
  other.write("not XML");
  CHECK_THAT(error_of(other.options(), 3), !ContainsSubstring("no error"));
  other.write("<!DOCTYPE graphml [<!ENTITY a \"b\">]><graphml><graph/></graphml>");
  CHECK_THAT(error_of(other.options(), 3), !ContainsSubstring("no error"));
  PeerGraphOptions missing = options_of(Kind::file);
  missing.file = "/nowhere/graph.xml";
  CHECK_THAT(error_of(missing, 3), ContainsSubstring("/nowhere/graph.xml"));
}

TEST_CASE("Metropolis weights equal the hand calculation on a path of three") {
  const GraphFile file(kThreeNodes + "<edge source=\"a\" target=\"b\"/><edge source=\"b\" target=\"c\"/>");
  const auto rows = metropolis_weights(make_peer_graph(file.options(), 3, 1));
  const double third = 1.0 / 3;
  const std::vector<std::vector<std::pair<NodeId, double>>> expected = {
      {{0, 1 - third}, {1, third}}, {{0, third}, {1, third}, {2, third}}, {{1, third}, {2, 1 - third}}};
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(rows[i].size() == expected[i].size());
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      CHECK(rows[i][j].peer == expected[i][j].first);
      CHECK(rows[i][j].weight == Approx(expected[i][j].second));
    }
  }
}

TEST_CASE("mixing with Metropolis weights keeps the mean and brings the values together") {
  const PeerNetwork network = make_peer_graph(options_of(Kind::small_world), 20, 1);
  const auto rows = metropolis_weights(network);
  std::vector<double> values(20);
  for (std::size_t i = 0; i < 20; ++i) values[i] = static_cast<double>(i);
  for (int round = 0; round < 200; ++round) {
    std::vector<double> mixed(20, 0);
    for (std::size_t i = 0; i < 20; ++i) {
      double sum = 0;
      for (const auto& [peer, weight] : rows[i]) {
        CHECK(weight >= 0);
        sum += weight;
        mixed[i] += weight * values[static_cast<std::size_t>(peer)];
      }
      CHECK(sum == Approx(1));
    }
    values = mixed;
  }
  for (const double value : values) CHECK(value == Approx(9.5));
}
