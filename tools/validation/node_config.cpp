#include "tools/validation/node_config.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/base/error.hpp"

namespace msfusion {

using nlohmann::json;

void write_peer_config(const std::string& file, const PeerConfig& config) {
  json nodes = json::array();
  for (const NodeConfig& node : config.nodes)
    nodes.push_back({{"host", node.address.host},
                     {"port", node.address.port},
                     {"cpu_share", node.cpu_share},
                     {"core_file", node.core_file},
                     {"delay_seconds", node.delay_seconds}});
  std::ofstream out(file);
  out << json{{"scenario", config.scenario_file}, {"plans", config.plans_file}, {"nodes", nodes}}.dump(2) << '\n';
  if (!out.flush()) throw RunError(file + " could not be written");
}

PeerConfig read_peer_config(const std::string& file) {
  std::ifstream in(file);
  try {
    const json root = json::parse(in);
    PeerConfig config;
    config.scenario_file = root.at("scenario");
    config.plans_file = root.at("plans");
    for (const json& node : root.at("nodes"))
      config.nodes.push_back({{node.at("host"), node.at("port")},
                              node.at("cpu_share"),
                              node.at("core_file"),
                              node.at("delay_seconds").get<std::vector<double>>()});
    return config;
  } catch (const json::exception& error) {
    throw RunError(file + " does not describe peers: " + error.what());
  }
}

void write_floats(const std::string& file, const std::vector<float>& values) {
  std::ofstream out(file, std::ios::binary);
  out.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!out.flush()) throw RunError(file + " could not be written");
}

std::vector<float> read_floats(const std::string& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) throw RunError(file + " could not be read");
  std::vector<float> values(static_cast<std::size_t>(in.tellg()) / sizeof(float));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  if (!in) throw RunError(file + " could not be read");
  return values;
}

}  // namespace msfusion
