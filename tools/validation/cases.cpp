#include "tools/validation/cases.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "reports/export.hpp"
#include "sim/base/random.hpp"

namespace msfusion {

std::vector<ValidationCase> validation_cases() {
  // name, method, model, peers, split, line, server's line, latency, share of a core, samples, epochs, overlap control,
  // attributes of the method and of <privacy>
  return {
      {"cnn, 2 peers, 1/4, slow", "msfusion", "cnn", 2, 0.25, 1e6, 0, 0.010, 0.8, 640, 2, 0.2},
      {"cnn, 4 peers, 1/4, fast", "msfusion", "cnn", 4, 0.25, 50e6, 0, 0.002, 0.4, 640, 1, 0.2},
      {"cnn, 8 peers, 1/4, contended", "msfusion", "cnn", 8, 0.25, 2e6, 0, 0.010, 0.2, 320, 1, 0.5},
      {"cnn, 2 peers, whole, slow", "msfusion", "cnn", 2, 1, 8e6, 0, 0.005, 0.8, 640, 1, 1},
      {"mlp, 4 peers, whole, contended", "msfusion", "mlp", 4, 1, 20e6, 0, 0.005, 0.4, 640, 8, 1},
      {"mlp, 8 peers, 1/4, contended", "msfusion", "mlp", 8, 0.25, 5e6, 0, 0.005, 0.2, 640, 8, 1},
      {"mlp, 1 client, free", "fedavg", "mlp", 1, 1, 20e6, 200e6, 0.005, 0.8, 1280, 16, 1},
      {"cnn, 4 clients, free", "fedavg", "cnn", 4, 1, 8e6, 200e6, 0.005, 0.4, 320, 1, 1},
      {"cnn, 4 clients, contended", "fedavg", "cnn", 4, 1, 50e6, 10e6, 0.005, 0.4, 320, 1, 1},
      {"mlp, 8 clients, contended", "fedavg", "mlp", 8, 1, 50e6, 40e6, 0.002, 0.2, 640, 4, 1},
      {"mlp, 4 peers, 1/4, int8", "msfusion", "mlp", 4, 0.25, 5e6, 0, 0.005, 0.4, 640, 8, 0.5, R"(encoding="int8")"},
      {"mlp, 4 peers, 1/4, bf16", "msfusion", "mlp", 4, 0.25, 5e6, 0, 0.005, 0.4, 640, 8, 0.5, R"(encoding="bf16")"},
      {"mlp, 4 clients, topk, down fp16", "fedavg", "mlp", 4, 1, 5e6, 40e6, 0.005, 0.4, 640, 4, 1,
       R"(encoding="topk" down="fp16")"},
      {"mlp, 4 clients, powersgd", "fedavg", "mlp", 4, 1, 5e6, 40e6, 0.005, 0.4, 640, 4, 1, R"(encoding="powersgd")"},
      {"mlp, 4 clients, votes", "fedavg", "mlp", 4, 1, 5e6, 40e6, 0.005, 0.4, 640, 4, 1, R"(encoding="vote")"},
      {"mlp, 4 clients, private", "fedavg", "mlp", 4, 1, 20e6, 40e6, 0.005, 0.4, 640, 4, 1, R"(encoding="int8")",
       R"(clip="0.5" noise="0.1" delta="1e-5")"},
      {"mlp, 4 clients, Oort asks 2", "fedavg", "mlp", 4, 1, 20e6, 40e6, 0.005, 0.4, 640, 4, 1,
       R"(cohort="2" selection="oort")"},
      {"transformer, 2 peers, 1/2", "msfusion", "transformer", 2, 0.5, 4e6, 0, 0.010, 0.8, 320, 1, 0.5},
      {"mlp, 8 peers, ring", "msfusion", "mlp", 8, 0.25, 5e6, 0, 0.005, 0.2, 640, 8, 0.5, R"(graph="ring")"},
      {"cnn, 8 peers, random graph", "msfusion", "cnn", 8, 0.25, 2e6, 0, 0.010, 0.2, 320, 1, 0.5,
       R"(graph="erdos-renyi" probability="0.4")"},
      {"lstm, 2 clients", "fedavg", "lstm", 2, 1, 8e6, 40e6, 0.010, 0.8, 320, 1, 1},
      // Not in the grid of the calibration:
      {"depthwise cnn, 2 clients", "fedavg", "depthwise", 2, 1, 8e6, 40e6, 0.010, 0.8, 320, 1, 1},
  };
}

namespace {

std::string link(const std::string& id, double bits_per_second, double latency_seconds, const NetworkKind& network) {
  const double rate = bits_per_second / 8;
  return fmt::format("    <link id=\"{}\" bandwidth=\"{:.17g}Bps\" latency=\"{:.17g}s\"/>\n", id,
                     network.payload_rate(rate), latency_seconds + network.link_latency_seconds(rate));
}

std::string host(const std::string& id, const DeviceKind& device, double share, bool is_server) {
  std::string text = fmt::format("    <host id=\"{}\" speed=\"{:.17g}f\">\n", id, device.speed_flops * share);
  const auto property = [&](const std::string& name, const std::string& value) {
    text += fmt::format("      <prop id=\"{}\" value=\"{}\"/>\n", name, value);
  };
  if (is_server) property("role", "server");
  if (!device.layer_uncertainty.empty()) property("layer_uncertainty", device.layer_uncertainty);
  if (device.uncertainty) property("uncertainty", fmt::format("{:.17g}%", 100 * *device.uncertainty));
  if (device.speed_variation) property("speed_variation", fmt::format("{:.17g}%", 100 * *device.speed_variation));
  property("memory_bandwidth", fmt::format("{:.17g}Bps", device.memory_bandwidth * share));
  for (const RooflineFigure& figure : roofline_figures()) {
    const double value = device.*figure.value;
    // Overheads grow as the share shrinks, bandwidths shrink with it.
    const double scale = figure.quantity == Quantity::seconds            ? 1 / share
                         : figure.quantity == Quantity::bytes_per_second ? share
                                                                         : 1;
    property(figure.name, fmt::format("{:.17g}{}", value * scale, figure.unit()));
  }
  return text + "    </host>\n";
}

/// As an element.
std::string model_of(const std::string& name) {
  if (name == "cnn") return R"(<model kind="cnn" channels="32 64 128"/>)";
  if (name == "mlp") return R"(<model kind="mlp" hidden="256 256"/>)";
  if (name == "transformer")
    return R"(<model kind="transformer" embedding="64" heads="4" ffn="128" layers="2" window="32"/>)";
  if (name == "lstm") return R"(<model kind="lstm" embedding="32" hidden="96" layers="1" window="32"/>)";
  return R"(<model>
    <conv name="stem" channels="32" stride="2"/><norm name="n0"/><relu name="r0"/>
    <conv name="depth1" channels="32" groups="32"/><norm name="n1"/><relu name="r1"/>
    <conv name="point1" channels="64" kernel="1"/><norm name="n2"/><relu name="r2"/>
    <conv name="depth2" channels="64" groups="64" stride="2"/><norm name="n3"/><relu name="r3"/>
    <conv name="point2" channels="128" kernel="1"/><norm name="n4"/><relu name="r4"/>
    <global-average-pool/><classifier/>
  </model>)";
}

/// Made-up words, the same every time.
std::string text_file(const std::string& folder) {
  constexpr int kWords = 20000;
  const std::vector<std::string> syllables = {"ba", "de", "fi", "go", "lu", "ma", "ne", "pi", "ro", "su", "ta", "ve"};
  Random random(1);
  std::string text;
  for (int word = 0; word < kWords; ++word) {
    for (std::uint64_t left = 1 + random() % 3; left > 0; --left) text += syllables[random() % syllables.size()];
    text += word % 10 == 9 ? ".\n" : " ";
  }
  std::filesystem::create_directories(folder + "/text");
  write_file(folder + "/text/words.txt", text);
  return folder + "/text";
}

/// The attributes of <data> that say what it is.
std::string data_of(const ValidationCase& chosen, const std::string& folder) {
  if (chosen.model == "transformer" || chosen.model == "lstm")
    return fmt::format("set=\"characters\" path=\"{}\"", text_file(folder));
  return R"(set="synthetic" synthetic-classes="10" synthetic-side="28")";
}

}  // namespace

std::string write_scenario(const ValidationCase& chosen, const DeviceKind& device, const NetworkKind& network,
                           int rounds, const std::vector<double>& slowness, const std::string& folder) {
  std::filesystem::create_directories(folder);
  std::string hosts, links, lines;
  const auto add = [&](const std::string& id, double bits_per_second, double share, bool is_server) {
    hosts += host(id, device, share, is_server);
    for (const char* way : {"up", "down"})
      links += link(fmt::format("{}-{}", id, way), bits_per_second, chosen.latency_seconds, network);
    lines += fmt::format("    <host_link id=\"{0}\" up=\"{0}-up\" down=\"{0}-down\"/>\n", id);
  };
  for (int peer = 0; peer < chosen.peers; ++peer)
    add(fmt::format("peer-{}", peer), chosen.peer_bits_per_second,
        chosen.cpu_share / slowness.at(static_cast<std::size_t>(peer)), false);
  if (chosen.has_server()) add("server", chosen.server_bits_per_second, 1, true);
  const std::string framing =
      network.framing ? fmt::format("    <prop id=\"framing\" value=\"tcp\"/><prop id=\"mtu\" value=\"{:.0f}B\"/>\n",
                                    network.framing->mtu_bytes)
                      : "";
  const std::string uncertainty =
      network.uncertainty
          ? fmt::format("    <prop id=\"network_uncertainty\" value=\"{:.17g}%\"/>\n", 100 * *network.uncertainty)
          : "";
  write_file(folder + "/platform.xml",
             fmt::format("<?xml version=\"1.0\"?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
                         "<platform version=\"4.1\">\n  <zone id=\"fleet\" routing=\"Cluster\">\n{}{}{}{}  </zone>\n"
                         "</platform>\n",
                         framing + uncertainty, hosts, links, lines));
  std::string attributes =
      chosen.has_server()
          ? ""
          : fmt::format(" split=\"{}\" overlap=\"constant\" overlap-control=\"{}\"", chosen.split, chosen.control);
  if (!chosen.attributes.empty()) attributes += " " + chosen.attributes;
  const std::string privacy = chosen.privacy.empty() ? "" : fmt::format("  <privacy {}/>\n", chosen.privacy);
  const std::string scenario = folder + "/scenario.xml";
  write_file(
      scenario,
      fmt::format("<scenario name=\"validation\">\n  <platform file=\"platform.xml\"/>\n"
                  "  <data {} train-samples=\"{}\" test-samples=\"100\" partition=\"iid\"/>\n"
                  "  {}\n  <training rounds=\"{}\" local-epochs=\"{}\" batch=\"32\" learning-rate=\"0.02\"/>\n"
                  "  <constraints memory=\"ignore\"/>\n{}"
                  "  <methods>\n    <method name=\"{}\"{}/>\n  </methods>\n  <seeds values=\"1\"/>\n</scenario>\n",
                  data_of(chosen, folder), chosen.samples * chosen.peers, model_of(chosen.model), rounds, chosen.epochs,
                  privacy, chosen.method, attributes));
  return scenario;
}

}  // namespace msfusion
