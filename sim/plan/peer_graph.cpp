#include "sim/plan/peer_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>
#include <boost/random/uniform_01.hpp>
#include <cmath>
#include <numeric>
#include <set>
#include <unordered_map>

#include "sim/base/error.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/base/xml.hpp"

namespace msfusion {

namespace {
using Positions = std::vector<std::pair<double, double>>;
/// (smaller, larger): a set keeps parallel edges out and gives one order.
using Edges = std::set<std::pair<NodeId, NodeId>>;

[[noreturn]] void fail(const PeerGraphOptions& options, std::string found, std::string allowed) {
  throw UserError({"", options.line, std::move(found), std::move(allowed)});
}

void add(Edges& edges, NodeId a, NodeId b) {
  edges.insert(std::minmax(a, b));
}
bool has(const Edges& edges, NodeId a, NodeId b) {
  return edges.count(std::minmax(a, b)) != 0;
}

double draw_unit(Random& random) {
  return boost::random::uniform_01<double>()(random);
}

/// Each node with the next `reach` on a circle.
Edges lattice(int nodes, int reach) {
  Edges edges;
  for (NodeId i = 0; i < nodes; ++i) {
    for (int step = 1; step <= reach; ++step) {
      if (const NodeId j = (i + step) % nodes; j != i) add(edges, i, j);
    }
  }
  return edges;
}

Edges complement(const Edges& edges, int nodes) {
  Edges result;
  for (NodeId i = 0; i < nodes; ++i) {
    for (NodeId j = i + 1; j < nodes; ++j) {
      if (!has(edges, i, j)) result.emplace_hint(result.end(), i, j);
    }
  }
  return result;
}

/// One attempt of pairing the nodes' free ends at random (Steger and Wormald 1999): pairs that would be a loop or a
/// parallel edge go back into the pool. False if what is left in the pool cannot be paired.
bool pair_ends(int nodes, int degree, Random& random, Edges& edges) {
  edges.clear();
  std::vector<NodeId> ends;
  for (NodeId i = 0; i < nodes; ++i) ends.insert(ends.end(), static_cast<std::size_t>(degree), i);
  while (!ends.empty()) {
    shuffle(ends, random);
    std::vector<NodeId> left;
    for (std::size_t e = 0; e < ends.size(); e += 2) {
      const NodeId a = ends[e], b = ends[e + 1];
      if (a == b || has(edges, a, b)) {
        left.insert(left.end(), {a, b});
      } else {
        add(edges, a, b);
      }
    }
    if (left.size() == ends.size()) {
      const std::set<NodeId> open(left.begin(), left.end());
      const bool possible = std::any_of(open.begin(), open.end(), [&](NodeId a) {
        return std::any_of(open.begin(), open.end(), [&](NodeId b) { return a < b && !has(edges, a, b); });
      });
      if (!possible) return false;
    }
    ends = std::move(left);
  }
  return true;
}

Edges regular(const PeerGraphOptions& options, int nodes, Random& random) {
  const int degree = options.degree;
  if (degree < 1 || degree >= nodes) {
    fail(options, fmt::format("degree={} for {} devices", degree, nodes), fmt::format("1 to {}", nodes - 1));
  }
  if (degree % 2 != 0 && nodes % 2 != 0) {
    fail(options, fmt::format("degree={} for {} devices: both are odd, no such graph exists", degree, nodes),
         "an even degree");
  }
  // The complement of a sparse regular graph is a dense one, and pairing is quick on the sparse side only.
  const int sparse = std::min(degree, nodes - 1 - degree);
  Edges edges;
  while (!pair_ends(nodes, sparse, random, edges)) {
  }
  return sparse == degree ? edges : complement(edges, nodes);
}

// Boost's own generators are not used for the next two: its sorted_erdos_renyi_iterator counts with a geometric
// distribution that starts at 1, which Boost.Random's has not done since 1.47, and its small_world_iterator never
// rewires the first edge.

Edges erdos_renyi(const PeerGraphOptions& options, int nodes, Random& random) {
  if (!(options.probability > 0 && options.probability <= 1)) {
    fail(options, fmt::format("probability={}", options.probability), "above 0, at most 1");
  }
  Edges edges;
  for (NodeId i = 0; i < nodes; ++i) {
    for (NodeId j = i + 1; j < nodes; ++j) {
      if (draw_unit(random) < options.probability) edges.emplace_hint(edges.end(), i, j);
    }
  }
  return edges;
}

/// Watts and Strogatz 1998: one end of each of the lattice's edges moves, with the probability, to a node that is no
/// neighbour yet.
Edges small_world(const PeerGraphOptions& options, int nodes, Random& random) {
  if (!(options.probability >= 0 && options.probability <= 1)) {
    fail(options, fmt::format("probability={}", options.probability), "0 to 1");
  }
  if (options.degree < 2 || options.degree % 2 != 0 || options.degree >= nodes) {
    fail(options, fmt::format("degree={} for {} devices", options.degree, nodes),
         fmt::format("an even number from 2 to {}", nodes - 1));
  }
  Edges edges = lattice(nodes, options.degree / 2);
  std::vector<int> degrees(static_cast<std::size_t>(nodes), options.degree);
  for (int step = 1; step <= options.degree / 2; ++step) {
    for (NodeId i = 0; i < nodes; ++i) {
      const NodeId j = (i + step) % nodes;
      if (draw_unit(random) >= options.probability) continue;
      auto& degree = degrees[static_cast<std::size_t>(i)];
      if (degree == nodes - 1) continue;  // everybody is a neighbour already
      NodeId k = i;
      while (k == i || has(edges, i, k)) k = boost::random::uniform_int_distribution<NodeId>(0, nodes - 1)(random);
      edges.erase(std::minmax(i, j));
      add(edges, i, k);
      --degrees[static_cast<std::size_t>(j)];
      ++degrees[static_cast<std::size_t>(k)];
    }
  }
  return edges;
}

Edges geometric(const PeerGraphOptions& options, const Positions& positions) {
  if (!(options.radius > 0) || !std::isfinite(options.radius)) {
    fail(options, fmt::format("radius={}", options.radius), "a length above 0; the unit square's diagonal is 1.42");
  }
  Edges edges;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    for (std::size_t j = i + 1; j < positions.size(); ++j) {
      const double x = positions[i].first - positions[j].first, y = positions[i].second - positions[j].second;
      if (x * x + y * y <= options.radius * options.radius) {
        edges.emplace_hint(edges.end(), static_cast<NodeId>(i), static_cast<NodeId>(j));
      }
    }
  }
  return edges;
}

/// GraphML's nodes and edges, read through the project's XML reader: it refuses hostile files and knows every element's
/// line.
class GraphmlReader {
 public:
  GraphmlReader(const PeerGraphOptions& options, int nodes)
      : file_(options.file),
        nodes_(nodes),
        document_(XmlDocument::parse_file(options.file, XmlDocument::Doctype::refused)) {}

  Edges read() {
    const XmlElement root = document_.root();
    if (root.name() != "graphml") refuse(root, fmt::format("<{}>", root.name()), "a GraphML file: <graphml>");
    const auto graphs = root.children("graph");
    if (graphs.size() != 1) refuse(root, fmt::format("{} graphs", graphs.size()), "one <graph>");
    const XmlElement& graph = graphs.front();
    if (graph.attribute("edgedefault").value_or("") == "directed") {
      refuse(graph, "edgedefault=\"directed\"", "undirected: peers exchange both ways");
    }
    read_nodes(graph);
    Edges edges;
    for (const auto& edge : graph.children("edge")) read_edge(edge, edges);
    for (const auto& edge : graph.children("hyperedge")) note(edge, "<hyperedge>", "<edge>");
    if (!mistakes_.empty()) throw UserError(mistakes_);
    return edges;
  }

 private:
  void read_nodes(const XmlElement& graph) {
    for (const auto& node : graph.children("node")) {
      const auto id = node.attribute("id");
      if (!id) {
        note(node, "a node without id", "id=\"...\"");
      } else if (!numbers_.emplace(*id, static_cast<NodeId>(numbers_.size())).second) {
        note(node, fmt::format("a second node \"{}\"", *id), "every id once");
      }
      if (!node.children("graph").empty()) note(node, "a graph within a node", "nodes without inner graphs");
    }
    if (mistakes_.empty() && numbers_.size() != static_cast<std::size_t>(nodes_)) {
      refuse(graph, fmt::format("{} nodes", numbers_.size()), fmt::format("{}, one per device", nodes_));
    }
  }

  void read_edge(const XmlElement& edge, Edges& edges) {
    const auto end = [&](const char* name) -> NodeId {
      const auto id = edge.attribute(name);
      const auto found = id ? numbers_.find(*id) : numbers_.end();
      if (found != numbers_.end()) return found->second;
      note(edge, id ? fmt::format("{}=\"{}\"", name, *id) : fmt::format("an edge without {}", name),
           "the id of a node");
      return -1;
    };
    const NodeId source = end("source"), target = end("target");
    if (edge.attribute("directed").value_or("") == "true") note(edge, "directed=\"true\"", "undirected edges");
    if (source < 0 || target < 0) return;
    if (source == target) {
      note(edge, "an edge from a node to itself", "two different nodes");
    } else {
      add(edges, source, target);
    }
  }

  void note(const XmlElement& element, std::string found, std::string allowed) {
    // A file with a million wrong edges need not name them all.
    constexpr std::size_t kMost = 100;
    mistakes_.push_back({file_, element.line(), std::move(found), std::move(allowed)});
    if (mistakes_.size() >= kMost) throw UserError(mistakes_);
  }
  [[noreturn]] void refuse(const XmlElement& element, std::string found, std::string allowed) const {
    throw UserError({file_, element.line(), std::move(found), std::move(allowed)});
  }

  std::string file_;
  int nodes_;
  XmlDocument document_;
  std::unordered_map<std::string, NodeId> numbers_;
  std::vector<Mistake> mistakes_;
};

Positions on_circle(int nodes) {
  constexpr double kFullTurn = 6.283185307179586;
  Positions positions;
  for (int i = 0; i < nodes; ++i) {
    const double angle = kFullTurn * i / nodes;
    positions.emplace_back(0.5 + 0.5 * std::sin(angle), 0.5 - 0.5 * std::cos(angle));
  }
  return positions;
}

Positions in_square(int nodes, Random& random) {
  Positions positions;
  for (int i = 0; i < nodes; ++i) {
    const double x = draw_unit(random), y = draw_unit(random);
    positions.emplace_back(x, y);
  }
  return positions;
}

int count_components(const Edges& edges, int nodes) {
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  const Graph graph(edges.begin(), edges.end(), static_cast<std::size_t>(nodes));
  std::vector<int> component(static_cast<std::size_t>(nodes));
  return boost::connected_components(graph, component.data());
}

/// How a kind's edges are made, and what to change where they leave the graph in pieces. A complete graph needs
/// neither.
struct Maker {
  PeerGraph value;
  Edges (*edges)(const PeerGraphOptions&, int nodes, const Positions&, Random&);
  std::string (*what_to_raise)(const PeerGraphOptions&);
};

std::string raise_nothing(const PeerGraphOptions&) {
  return "a connected graph";
}

constexpr std::array<Maker, 6> kMakers{{
    {PeerGraph::ring, [](const PeerGraphOptions&, int nodes, const Positions&, Random&) { return lattice(nodes, 1); },
     raise_nothing},
    {PeerGraph::regular,
     [](const PeerGraphOptions& options, int nodes, const Positions&, Random& random) {
       return regular(options, nodes, random);
     },
     [](const PeerGraphOptions& options) { return fmt::format("a degree above {}", options.degree); }},
    {PeerGraph::erdos_renyi,
     [](const PeerGraphOptions& options, int nodes, const Positions&, Random& random) {
       return erdos_renyi(options, nodes, random);
     },
     [](const PeerGraphOptions& options) { return fmt::format("a probability above {}", options.probability); }},
    {PeerGraph::small_world,
     [](const PeerGraphOptions& options, int nodes, const Positions&, Random& random) {
       return small_world(options, nodes, random);
     },
     [](const PeerGraphOptions& options) {
       return fmt::format("a degree above {} or a probability below {}", options.degree, options.probability);
     }},
    {PeerGraph::geometric,
     [](const PeerGraphOptions& options, int, const Positions& positions, Random&) {
       return geometric(options, positions);
     },
     [](const PeerGraphOptions& options) { return fmt::format("a radius above {}", options.radius); }},
    {PeerGraph::file,
     [](const PeerGraphOptions& options, int nodes, const Positions&, Random&) {
       return GraphmlReader(options, nodes).read();
     },
     raise_nothing},
}};
}  // namespace

PeerNetwork make_peer_graph(const PeerGraphOptions& options, int nodes, std::uint64_t seed) {
  Random random(derive_seed(seed, Purpose::peer_graph));
  PeerNetwork network;
  network.nodes = nodes;
  network.neighbours.resize(static_cast<std::size_t>(nodes));
  const PeerGraphRow& facts = row_of(kPeerGraphs, options.kind);
  network.positions = facts.has_positions ? in_square(nodes, random) : on_circle(nodes);
  if (facts.joins_all) {  // without the set, which costs much at thousands of nodes
    for (NodeId i = 0; i < nodes; ++i) {
      auto& peers = network.neighbours[static_cast<std::size_t>(i)];
      for (NodeId j = 0; j < nodes; ++j) {
        if (j != i) peers.push_back(j);
      }
    }
    return network;
  }
  const Maker& maker = row_of(kMakers, options.kind);
  const Edges edges = maker.edges(options, nodes, network.positions, random);
  if (const int components = count_components(edges, nodes); components > 1) {
    Mistake mistake{facts.reads_file ? options.file : "", facts.reads_file ? 0 : options.line,
                    fmt::format("a peer graph of {} components that no edge joins", components),
                    maker.what_to_raise(options)};
    throw UserError(std::move(mistake));
  }
  for (const auto& [a, b] : edges) {
    network.neighbours[static_cast<std::size_t>(a)].push_back(b);
    network.neighbours[static_cast<std::size_t>(b)].push_back(a);
  }
  for (auto& peers : network.neighbours) std::sort(peers.begin(), peers.end());
  return network;
}

std::vector<std::vector<PeerWeight>> metropolis_weights(const PeerNetwork& network) {
  const auto degree = [&](NodeId i) { return network.neighbours[static_cast<std::size_t>(i)].size(); };
  std::vector<std::vector<PeerWeight>> rows;
  for (NodeId i = 0; i < network.nodes; ++i) {
    std::vector<PeerWeight> row;
    double others = 0;
    for (const NodeId j : network.neighbours[static_cast<std::size_t>(i)]) {
      row.push_back({j, 1.0 / (1.0 + static_cast<double>(std::max(degree(i), degree(j))))});
      others += row.back().weight;
    }
    const auto place = std::find_if(row.begin(), row.end(), [&](const PeerWeight& w) { return w.peer > i; });
    row.insert(place, {i, 1 - others});
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace msfusion
