// A scenario file as a plain value: complete, valid, with every default filled in.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/data/data_options.hpp"
#include "sim/method/method.hpp"
#include "sim/plan/constraint_options.hpp"
#include "sim/plan/training_options.hpp"
#include "sim/platform/platform_options.hpp"
#include "sim/privacy/privacy_options.hpp"
#include "sim/shape/model_options.hpp"

namespace msfusion {

/// vary: an attribute that takes several values.
struct SweepAxis {
  std::string path;  ///< as in Override
  std::vector<std::string> values;
  int line = 0;
};

struct Scenario {
  std::string file;  ///< as the user wrote it
  std::string name;  ///< letters, digits, '.', '_', '-'
  std::string description;
  std::string notes;  ///< Markdown, without the indentation that all its lines share
  std::string text;   ///< the document with all --set changes applied, for the record
  PlatformOptions platform;
  DataOptions data;
  ModelOptions model;
  int model_line = 0;
  TrainingOptions training;
  EvaluationOptions evaluation;
  ConstraintOptions constraints;
  PrivacyOptions privacy;  ///< which every method has a copy of
  PriceOptions prices;
  std::vector<Method> methods;  ///< with distinct labels
  std::vector<std::uint64_t> seeds = {1};
  std::vector<SweepAxis> sweep;          ///< every combination of the values is run
  std::vector<double> targets;           ///< accuracies in (0, 1], ascending
  std::vector<double> personal_targets;  ///< the same, of devices on their own parts of the test split
};

/// "--set training.rounds=3": element and attribute separated by dots; a method by name or label in brackets,
/// "methods.method[msfusion].split=0.5".
struct Override {
  std::string path;
  std::string value;
  std::string source = "--set";  ///< how mistakes name where it comes from: also "s.xml:12: <vary>"
};

/// Reads the file, applies the changes, and checks every element, attribute and value. Throws UserError with all
/// mistakes of the file: those of a change name the change. Never resolves external entities, never touches the
/// network.
Scenario read_scenario(const std::string& file, const std::vector<Override>& overrides);

/// The same for the text of a scenario that was read before from `file`, which paths are relative to.
Scenario read_scenario_text(const std::string& text, const std::string& file, const std::vector<Override>& overrides);

}  // namespace msfusion
