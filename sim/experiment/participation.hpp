// The part of a round that decides the training: which slices were trained, and whose results arrived where. Two runs
// with equal participation train the same models, whatever their clocks say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/learn/learner.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

/// CRC-32 of a round's trained tasks (device, rate, slice) and deliveries (task, receiver).
std::uint32_t participation(const RoundPlan& plan, const std::vector<TaskId>& trained,
                            const std::vector<Delivery>& deliveries);

/// How many trainings a learner would merge: those that arrived; where devices keep models of their own, those that
/// took place.
int merged_tasks(const Method& method, const RoundPlan& plan, const TimedRound& timed,
                 const std::vector<Delivery>& arrivals);

/// One number a line, by round. Throws RunError where the file cannot be written or read.
void write_participation(const std::string& file, const std::vector<std::uint32_t>& rounds);
std::vector<std::uint32_t> read_participation(const std::string& file);

}  // namespace msfusion
