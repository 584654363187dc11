// The elements of a scenario file, put together from the vocabularies of the rooms that own them.
#pragma once

#include <string>
#include <vector>

#include "sim/base/vocabulary.hpp"
#include "sim/scenario/scenario.hpp"

namespace msfusion {

/// <scenario>, its children in the order in which they are listed, and theirs.
const std::vector<ElementInfo>& scenario_elements();

/// An element by name; there must be one.
const ElementInfo& element_info(const std::string& name);

/// Whether the element consists of text: it has neither attributes nor elements.
bool holds_text(const ElementInfo& element);

/// Whether the elements of model files may stand in it, which sim/shape reads.
bool holds_layers(const ElementInfo& element);

constexpr int kLongestNotes = 50000;  ///< bytes

/// The elements that no room below owns.
struct HeadOptions {
  std::string name;
  std::string description;
};
struct SeedOptions {
  std::vector<std::uint64_t> values = {1};
};
struct TargetOptions {
  std::vector<double> accuracies, personal;
};
struct VaryOptions {
  std::string path;
  std::string values;
};
const Vocabulary<HeadOptions>& head_vocabulary();
const Vocabulary<SeedOptions>& seed_vocabulary();
const Vocabulary<TargetOptions>& target_vocabulary();
const Vocabulary<VaryOptions>& vary_vocabulary();

}  // namespace msfusion
