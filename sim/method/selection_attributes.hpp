// The selection of a method's cohorts, as attributes of <method>, and where it has no place.
#pragma once

#include <string>
#include <utility>

#include "sim/method/method.hpp"

namespace msfusion {

/// The vocabulary with the rows of the selections at its end.
Vocabulary<Method> with_selections(Vocabulary<Method> vocabulary);

/// What the selection changes in choices that the user leaves open: after a draw by size all devices count the same.
void adapt_to_selection(Method& method, const GivenAttributes& given);

/// Why the selection does not go with the other choices, and what would; empty when it does.
std::pair<std::string, std::string> selection_contradiction(const Method& method);

/// Whether cohorts depend on what was learnt, so that they are not known without training.
inline bool draws_by_learning(const Method& method) {
  return method.exchange.cohort && learns(method.selection);
}

/// Bytes of what a device tells with each update that it sends.
inline double report_bytes(const Method& method) {
  constexpr double kReport = 4;
  const Told told = told_of(method.selection);
  return told == Told::training_loss || told == Told::sample_losses ? kReport : 0;
}

/// " | oort"; empty where cohorts are drawn uniformly.
std::string selection_text(const SelectionOptions& selection);

}  // namespace msfusion
