#include "sim/experiment/plan_keys.hpp"

#include <fmt/format.h>

namespace msfusion {

// A table. NOLINTNEXTLINE(readability-function-size)
const std::vector<PlanObject>& plan_objects() {
  static const std::vector<PlanObject> all = {
      {"The object",
       {{"scenario", "text", "name of the scenario"},
        {"network_model", "text", "`CM02` or `LV08`"},
        {"runs", "array", "a run for each method and seed, methods outermost"}}},
      {"A run",
       {{"method", "text", "name of the method"},
        {"label", "text", "what the scenario calls it"},
        {"seed", "number", "of every random draw"},
        {"state", "text", "`finished`, or `failed` and then fewer rounds"},
        {"ended_by", "text or null",
         "what ended it: `rounds`, `time`, `traffic` or `energy`; null: it has not finished. A plan cannot know when a "
         "target is reached and goes on to the other limits"},
        {"model", "object", "the full model, or the narrowed one of a narrow method"},
        {"rounds", "array", "a round for each that was planned"}}},
      {"A model",
       {{"parameters", "number", "how many values it has"},
        {"forward_macs", "number", "multiply-accumulates of one sample forward through it"}}},
      {"A round",
       {{"round", "number", "from 0"},
        {"seconds", "number", "simulated length"},
        {"joules", "number or null", "of the nodes that have a part in the method, idle included, and of links"},
        {"usd", "number or null", "by the platform's and the scenario's prices"},
        {"grams_co2", "number or null", "by the platform's and the scenario's emissions of electricity"},
        {"bytes", "number", "that left any node, the server included"},
        {"wire_bytes", "number or null", "the same with headers and acknowledgements; null: no framing"},
        {"completed", "number", "trainings that a merge would use"},
        {"coverage", "number or null",
         "share of the model's parameters trained in this round; null: it is too expensive to count"},
        {"limited_by", "text or null", "the device or link with most time on the critical path"},
        {"critical_path", "array",
         "the steps that the round's end waited for, in the order of time. Where a round closes when all are done, the "
         "last step's end minus the first one's start is the round's length"},
        {"devices", "array", "a device for each training of the round"}}},
      {"A step of the critical path that computes",
       {{"step", "text", "`compute`"},
        {"node", "text", "the device"},
        {"start_seconds", "number", "from the round's start"},
        {"end_seconds", "number", "from the round's start"}}},
      {"A step of the critical path that transfers",
       {{"step", "text", "`transfer`"},
        {"from", "text", "the sender"},
        {"to", "text", "the receiver"},
        {"bytes", "number", "size of the message"},
        {"link", "text", "the narrowest link on its way; empty: it crosses none"},
        {"start_seconds", "number", "from the round's start"},
        {"end_seconds", "number", "from the round's start"}}},
      {"A device",
       {{"name", "text", "of the host in the platform file"},
        {"split", "number", "the rate that its slice was cut with"},
        {"parameters", "number", "of its slice"},
        {"forward_macs", "number",
         "MACs per sample, of the layers that the device itself trains (splitfed: those before the cut)"},
        {"training_flops", "number",
         "of its whole training in the round, of the same layers, 2 FLOP a MAC, extra forward passes of the objective "
         "included"},
        {"peak_memory_bytes", "number",
         "the most that the tensors of its training take at once, of the same layers (architecture.md, \"Memory\")"},
        {"bytes_sent", "number", "by this device"},
        {"bytes_received", "number", "by this device"},
        {"wire_bytes_sent", "number or null",
         "by this device, with headers and its acknowledgements; null: no framing"},
        {"compute_seconds", "number", "time that it computed"},
        {"joules", "number or null", "its own"},
        {"usd", "number or null", "its own"},
        {"grams_co2", "number or null", "its own"},
        {"fate", "text", "`done`, `failed`, `late`, `skipped` or `in flight`"},
        {"windows", "array", "only with `--windows`: a window for each width axis"}}},
      {"A window",
       {{"axis", "text", "name of the width axis"},
        {"start", "number or null", "first unit; the window wraps around at `size`. Null: the units are no window"},
        {"length", "number", "units in it"},
        {"size", "number", "units of the axis"},
        {"units", "array", "only where `start` is null: the units themselves"}}},
  };
  return all;
}

std::string plan_reference() {
  std::string text;
  for (const PlanObject& object : plan_objects()) {
    text += fmt::format("{}## {}\n\n| key | type | meaning |\n|---|---|---|\n", text.empty() ? "" : "\n", object.title);
    for (const PlanKey& key : object.keys) text += fmt::format("| `{}` | {} | {} |\n", key.key, key.type, key.meaning);
  }
  return text;
}

}  // namespace msfusion
