#include "sim/platform/platform_words.hpp"

#include <fmt/format.h>

namespace msfusion {

namespace {

using Word = PlatformWord;
constexpr auto kAttribute = Word::Place::attribute;
constexpr auto kProperty = Word::Place::property;

std::string section(const char* title, const char* preface, const std::vector<Word>& words) {
  std::string text = fmt::format(
      "## {}\n\n{}\n\n| name | where | example | unit | meaning | if it is not there |\n|---|---|---|---|---|---|\n",
      title, preface);
  for (const Word& word : words)
    text += fmt::format("| `{}` | {} | `{}` | {} | {} | {} |\n", word.name,
                        word.place == kAttribute ? "attribute" : "property", word.example, word.unit, word.meaning,
                        word.absent);
  return text;
}

}  // namespace

// A table. NOLINTNEXTLINE(readability-function-size)
const std::vector<Word>& host_words() {
  static const std::vector<Word> all = {
      {kAttribute, "speed", "8Gf", "FLOP/s (`f kf Mf Gf Tf Pf`)",
       "what training sustains on the device, in 32-bit floating point; of one core where `core` is above 1. Several, "
       "separated by commas, are SimGrid's power states",
       "a mistake"},
      {kAttribute, "core", "4", "", "cores; a training takes one", "1"},
      {kProperty, "role", "server", "", "`server`, `aggregator` or `device`; one server at most", "`device`"},
      {kProperty, "aggregator", "cell-3-edge", "",
       "the host that serves this device where a method says `exchange=\"edge\"`", "a mistake if asked for"},
      {kProperty, "kind", "old phone", "", "groups devices in reports", "the name without its number"},
      {kProperty, "memory", "512MiB", "bytes (`B kB MB GB TB KiB MiB GiB TiB`)", "what a training job may use",
       "a mistake as soon as a memory limit is asked for"},
      {kProperty, "memory_bandwidth", "8GBps", "bytes/s", "the other limit of the roofline",
       "compute time is FLOPs / speed"},
      {kProperty, "step_overhead", "2ms", "seconds", "added to every optimiser step", "0"},
      {kProperty, "layer_overhead", "2us", "seconds",
       "added for every kernel that a layer starts in a pass (one, but none for a linear layer, 3 for a convolution, 2 "
       "for dropout and for attention, there one more for every sample and head, 12 for a step of an LSTM); a training "
       "step is three passes, and three more for each tensor of parameters; a frozen model is one pass",
       "0"},
      {kProperty, "frozen_overhead", "100us", "seconds", "added for every frozen model of a contrastive loss and step",
       "0"},
      {kProperty, "cache", "2MB", "bytes",
       "weights and gradients move at `cache_bandwidth` as far as all of them fit; the rest at `memory_bandwidth`",
       "all at `memory_bandwidth`"},
      {kProperty, "cache_bandwidth", "40GBps", "bytes/s",
       "of what is in the cache, and of activations. Products then wait for weights, but not for activations",
       "all at `memory_bandwidth`, and never waited for"},
      {kProperty, "dense_slowdown", "0.5", "",
       "a FLOP of a linear layer takes 1 + that times as long as one of a convolution", "0"},
      {kProperty, "narrow_width", "6", "", "a product of output width w takes 1 + narrow_width / w times as long", "0"},
      {kProperty, "vector_width", "16", "channels",
       "convolutions and pools compute a whole number of so many, needed or not", "as many as there are"},
      {kProperty, "winograd_time", "1ns", "seconds",
       "3x3 convolutions with at least 24 channels and 20 tiles of 4x4 outputs in a batch take a quarter of the "
       "products, and this for every element of their 6x6 tiles",
       "they are convolutions like all others"},
      {kProperty, "pool_time", "1ns", "seconds", "for every element and pass that a maximum is looked for among", "0"},
      {kProperty, "exponential_time", "3ns", "seconds", "for every exponential of a pass: GELU, the gates of an LSTM",
       "0"},
      {kProperty, "random_time", "8ns", "seconds", "for every element that dropout draws for", "0"},
      {kProperty, "calibration", "2026-11-22: measured", "",
       "how these figures were measured, and their error; reports quote it", "none"},
      {kProperty, "uncertainty", "30%", "percent",
       "how far the times of its computing may be off: the standard deviation of their logarithm. Runs are timed again "
       "on "
       "fleets drawn from it",
       "unknown, which reports say"},
      {kProperty, "layer_uncertainty", "convolution 4% linear 8%", "percent",
       "the same by kind of layer (`convolution`, `linear`, `other`), each with a factor of its own; the model's FLOPs "
       "in a "
       "kind say how much it counts",
       "`uncertainty`"},
      {kProperty, "speed_variation", "8%", "percent",
       "how much its speed goes up and down by itself: the standard deviation of the logarithm of its mean over one "
       "second, from second to second. Every round on a drawn fleet meets a speed of its own; over longer work it "
       "averages out",
       "its speed stays"},
      {kProperty, "split", "0.25", "", "the split rate that `split=\"device\"` takes", "a mistake if asked for"},
      {kProperty, "price", "0.2USD/h", "US dollars an hour", "for as long as the round lasts", "money is not known"},
      {kProperty, "traffic_price", "0.09USD/GB", "US dollars for 10^9 bytes", "of what it sends",
       "the scenario's price"},
      {kProperty, "carbon", "381gCO2/kWh", "grams of CO2 for a kilowatt-hour", "of the electricity of its region",
       "the scenario's price list"},
      {kProperty, "battery", "10Wh", "joules (`J kJ MJ Wh kWh`)", "capacity", "none"},
      {kProperty, "wattage_per_state", "0.3:5.6", "watts",
       "idle : all cores busy, or idle : barely busy : all cores busy; one entry per speed, separated by commas",
       "joules are not known"},
      {kProperty, "wattage_off", "0", "watts", "while switched off", "0"},
      {kAttribute, "state_file", "evenings.txt", "", "profile of when the host is there", "always"},
      {kAttribute, "speed_file", "load.txt", "", "profile of the share of its speed that it has", "1"},
  };
  return all;
}

const std::vector<Word>& link_words() {
  static const std::vector<Word> all = {
      {kAttribute, "bandwidth", "6.3Mbps", "bits (`bps`) or bytes (`Bps`) a second", "what all flows on it share",
       "a mistake"},
      {kAttribute, "latency", "27ms", "seconds", "one way; give every link one (see below)", "0"},
      {kAttribute, "sharing_policy", "FATPIPE", "",
       "`SHARED`; `SPLITDUPLEX`: one link for each direction; `FATPIPE`: each flow gets all of it", "`SHARED`"},
      {kProperty, "wattage_range", "1:3", "watts",
       "idle : at full load. Joules = idle x time + (busy - idle) x bytes / bandwidth", "no energy"},
      {kProperty, "background", "0.3", "share",
       "what others take of its bandwidth; or a file beside the platform file: `start_s,share`, steps that repeat",
       "0"},
      {kProperty, "uncertainty", "30%", "percent",
       "how far its rate and its latency may be off, each by itself; not with a bandwidth_file or latency_file",
       "the zone's `network_uncertainty`"},
      {kAttribute, "state_file", "tunnel.txt", "", "profile of when it carries anything", "always"},
      {kAttribute, "bandwidth_file", "evening.txt", "bytes/s", "profile of its bandwidth", "as stated"},
      {kAttribute, "latency_file", "evening.txt", "seconds",
       "profile of its latency; a flow in progress keeps the one it began with", "as stated"},
  };
  return all;
}

const std::vector<Word>& zone_words() {
  static const std::vector<Word> all = {
      {kAttribute, "routing", "Cluster", "",
       "`Cluster`, `Full`, `Floyd`, `Dijkstra`, `DijkstraCache`, `Vivaldi` or `None`", "a mistake"},
      {kProperty, "network_calibration", "2026-11-22: measured", "",
       "how the links' figures were measured, and their error; reports quote it", "none"},
      {kProperty, "framing", "tcp", "",
       "messages go in TCP segments: each frame has headers, and acknowledgements go back", "bytes alone are sent"},
      {kProperty, "mtu", "1500B", "bytes", "of a frame's content, with `framing`", "1500B"},
      {kProperty, "network_uncertainty", "30%", "percent",
       "the `uncertainty` of all links that state none and have no profile of their rate or latency", "unknown"},
  };
  return all;
}

std::vector<std::string> properties_of(const std::vector<Word>& words) {
  std::vector<std::string> names;
  for (const Word& word : words)
    if (word.place == kProperty) names.emplace_back(word.name);
  return names;
}

std::string platform_reference() {
  return section("What a host says",
                 "Devices are ordered by name, numbers by value (`phone-2` before `phone-10`). All quantities carry "
                 "their unit, in the value.",
                 host_words()) +
         "\n" + section("What a link says", "Of a `<link>` or a `<backbone>`.", link_words()) + "\n" +
         section("What a zone says", "Besides what it consists of.", zone_words());
}

}  // namespace msfusion
