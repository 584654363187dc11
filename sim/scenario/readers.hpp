// From the elements of a scenario to its structs, one function an element. For read_scenario alone.
#pragma once

#include "sim/scenario/attribute_reader.hpp"
#include "sim/scenario/scenario.hpp"

namespace msfusion {

/// A path as the program can open it: relative ones start at the scenario's folder.
std::string resolve_path(const std::string& scenario_file, const std::string& path);

PlatformSpec read_platform(AttributeReader& reader, const std::string& scenario_file);
DataSpec read_data(AttributeReader& reader, const std::string& scenario_file);
ModelSpec read_model(AttributeReader& reader);
TrainingSpec read_training(AttributeReader& reader);
EvaluationSpec read_evaluation(AttributeReader& reader);
ConstraintSpec read_constraints(AttributeReader& reader);
PriceSpec read_prices(AttributeReader& reader);
std::vector<std::uint64_t> read_seeds(AttributeReader& reader);
std::vector<double> read_targets(AttributeReader& reader);
std::vector<SweepAxis> read_sweep(ReadingContext& context, const XmlElement& sweep);
std::vector<MethodElement> read_methods(ReadingContext& context, const XmlElement& methods);

/// Whether a data set holds text (tokens) rather than images.
bool is_text(const DataSpec& data);

}  // namespace msfusion
