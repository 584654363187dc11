// How the devices of a round are drawn: one class a selection, made anew for every run.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "sim/method/planner_setup.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

/// Seconds that a device takes for its part of a round when it is alone on its links.
struct RoundEstimate {
  double down = 0, computing = 0, up = 0;
  double seconds() const { return down + computing + up; }
};

/// What a selection is made from. The references must outlive it.
struct SelectionContext {
  const PlannerSetup& setup;
  const std::vector<NodeId>& members;                    ///< devices that may ever be asked, ascending
  std::function<RoundEstimate(NodeId device)> estimate;  ///< only for selections that ask the platform
};

/// What a draw knew and chose of one device.
struct SelectionNote {
  NodeId device = 0;
  bool chosen = false;
  std::optional<double> told;     ///< what it reported: before the draw, or in its last training
  std::optional<double> score;    ///< what the draw weighed
  std::optional<double> seconds;  ///< what the draw took its round to last
};

struct Draw {
  std::vector<NodeId> devices;     ///< to train, ascending
  std::vector<NodeId> candidates;  ///< got the model and told their loss before, those that train among them
  std::vector<SelectionNote> notes;
};

struct DrawRequest {
  int round = 0;
  const std::vector<NodeId>& eligible;  ///< ascending
  std::size_t wanted = 0;               ///< at most as many as are eligible
  std::uint64_t seed = 0;
  /// What the devices tell before the draw, in their order; see told_of().
  std::function<std::vector<double>(const std::vector<NodeId>& devices)> tell;
};

/// What became of a device that was asked.
struct SelectionOutcome {
  NodeId device = 0;
  Fate fate = Fate::done;
  double seconds = 0;          ///< from the round's start to its last step's end
  std::optional<double> told;  ///< after its training
};

class Selection {
 public:
  virtual ~Selection() = default;

  /// Equal histories and requests give equal draws.
  virtual Draw draw(const DrawRequest& request) = 0;

  /// A round is over.
  virtual void observe(int round, const std::vector<SelectionOutcome>& outcomes) { (void)round, (void)outcomes; }
};

/// Each kind has a function make_KIND_selection of this type, in selections/KIND.cpp; sim/method/CMakeLists.txt lists
/// them.
using MakeSelection = std::unique_ptr<Selection>(const SelectionContext&);

/// Generated from that list.
MakeSelection* selection_maker(SelectionKind kind);

}  // namespace msfusion
