// `msfusion list`: what a scenario can name.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"
#include "sim/data/catalogue.hpp"
#include "sim/experiment/plan_keys.hpp"
#include "sim/method/choices.hpp"
#include "sim/method/registry.hpp"
#include "sim/platform/platform_words.hpp"
#include "sim/record/format.hpp"
#include "sim/scenario/reference.hpp"
#include "sim/shape/layer_file.hpp"
#include "sim/shape/model_options.hpp"
#include "tools/commands/commands.hpp"

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
  for (const ModelKind& kind : model_kinds()) {
    fmt::print("{:<12} {}\n", kind.name, kind.meaning);
    for (const AttributeInfo& attribute : kind.attributes())
      fmt::print("{:<12}   {}=\"{}\"\n", "", attribute.name, attribute.fallback);
  }
  fmt::print("All widths can be split. `msfusion list attributes` says more.\n");
}

void list_layers() {
  const auto print = [](const LayerAttribute& attribute) {
    const std::string fallback = attribute.fallback == nullptr ? "needed"
                                 : std::string(attribute.fallback) == ""
                                     ? "optional"
                                     : fmt::format("default {}", attribute.fallback);
    fmt::print("{:<20}   {}: {}{}{}\n", "", attribute.name, fallback, *attribute.meaning == '\0' ? "" : ". ",
               attribute.meaning);
  };
  for (const LayerKind& kind : layer_kinds()) {
    fmt::print("{:<20} {}\n", kind.name, kind.meaning);
    for (const LayerAttribute& attribute : kind.attributes) print(attribute);
  }
  fmt::print("{:<20}\n", "every layer");
  for (const LayerAttribute& attribute : common_layer_attributes()) print(attribute);
  fmt::print("Elements of a model file, <model file=\"..\"/>; docs/models.md explains them.\n");
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

void list_store() {
  nlohmann::ordered_json tables;
  for (const TableNote& table : store_tables()) {
    auto& columns = tables[table.name]["columns"] = nlohmann::ordered_json::array();
    for (const ColumnNote& column : table.columns)
      columns.push_back({{"name", column.name},
                         {"type", column.type},
                         {"unit", column.unit},
                         {"meaning", column.meaning},
                         {"key", column.key},
                         {"optional", column.optional}});
    tables[table.name]["purpose"] = table.purpose;
  }
  fmt::print(
      "{}\n",
      nlohmann::ordered_json{{"version", kStoreVersion}, {"oldest", kOldestStoreVersion}, {"tables", tables}}.dump(2));
}

struct Thing {
  const char* name;
  void (*list)();
};

constexpr std::array<Thing, 10> kThings{{
    {"methods", list_methods},
    {"models", list_models},
    {"layers", list_layers},
    {"data", list_data},
    {"devices", list_devices},
    {"attributes", [] { fmt::print("{}", reference_text()); }},
    {"platform", [] { fmt::print("{}", platform_reference()); }},
    {"plan", [] { fmt::print("{}", plan_reference()); }},
    {"store", list_store},
    {"schema", [] { fmt::print("{}", schema_text()); }},
}};

}  // namespace

std::vector<std::string> listed_things() {
  std::vector<std::string> names;
  for (const Thing& thing : kThings) names.emplace_back(thing.name);
  return names;
}

int list_things(const std::string& what) {
  const auto thing = std::find_if(kThings.begin(), kThings.end(), [&](const Thing& t) { return what == t.name; });
  if (thing == kThings.end())
    throw UserError(Mistake{"list", 0, fmt::format("\"{}\"", what), one_of(what, listed_things())});
  thing->list();
  return 0;
}

}  // namespace msfusion
