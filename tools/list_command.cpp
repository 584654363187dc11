// `msfusion list`: what a scenario can name.
#include <fmt/format.h>

#include "sim/base/error.hpp"
#include "sim/data/catalogue.hpp"
#include "sim/method/choices.hpp"
#include "sim/method/registry.hpp"
#include "tools/commands.hpp"

namespace msfusion {

namespace {

void list_methods() {
  fmt::print("{:<15} {:<13} {:<21} {:<13} {:<15} {}\n", "method", "split", "objective", "exchange", "merge",
             "what it is");
  for (const MethodEntry& entry : method_table()) {
    const Method& method = entry.choices;
    fmt::print("{:<15} {:<13} {:<21} {:<13} {:<15} {}{}\n", entry.name, name_of(kSplitRules, method.split.rule),
               name_of(kObjectives, method.objective.kind), name_of(kExchanges, method.exchange.kind),
               name_of(kMerges, method.merge.kind), entry.summary,
               *entry.paper ? fmt::format(" ({})", entry.paper) : "");
  }
}

void list_models() {
  fmt::print(
      "mlp          fully connected: hidden=\"200 200\"\n"
      "cnn          convolutions, norm, ReLU, pooling, dense layers: channels=\"32 64\"\n"
      "resnet18     pre-activation ResNet of basic blocks [2 2 2 2]: widths=\"64 128 256 512\"\n"
      "resnet       the same with any blocks and widths, basic or bottleneck\n"
      "transformer  language model: embedding, heads, ffn, layers, window; causal or masked\n"
      "lstm         language model: embedding, hidden, layers, window\n"
      "All widths can be split. Attributes and defaults: scenarios/README.md\n");
}

void list_data() {
  for (const DataSetStatus& set : list_datasets()) {
    fmt::print("{:<15} {}\n", set.name, set.description);
    fmt::print("{:<15} {}\n", "", set.found ? "found in " + *set.found : "not here: " + set.how_to_get);
    if (set.found) continue;
    for (const DataSetFile& file : set.files)
      fmt::print("{:<15}   {}{}{}\n", "", file.name, file.bytes ? fmt::format(", {} bytes", *file.bytes) : "",
                 file.sha256.empty() ? "" : ", SHA-256 " + file.sha256);
  }
}

}  // namespace

int list_things(const std::string& what) {
  if (what == "methods") list_methods();
  if (what == "models") list_models();
  if (what == "data") list_data();
  if (what == "devices") list_devices();
  return 0;
}

}  // namespace msfusion
