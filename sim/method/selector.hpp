// Draws the devices of each round by the method's selection, and tells it what became of them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/method/admission.hpp"
#include "sim/method/selections/selection.hpp"

namespace msfusion {

/// What devices tell before a draw: asked of them in a round, with the slice that each would train.
struct Question {
  Told what = Told::nothing;
  int round = 0;
  std::vector<NodeId> devices;
  std::vector<WidthSlice> slices;
};
using Teller = std::function<std::vector<double>(const Question&)>;

class Selector {
 public:
  /// Throws UserError where no device can ever be asked. The references must outlive it.
  Selector(const PlannerSetup& setup, TaskCosts& costs, const Rates& rates, const Admission& admission);
  Selector(const Selector&) = delete;
  Selector& operator=(const Selector&) = delete;

  /// Who answers questions; without it a selection that asks any fails.
  void set_teller(Teller teller) { teller_ = std::move(teller); }

  /// The participants of a round among these devices.
  Draw draw(int round, const std::vector<NodeId>& eligible, std::size_t wanted, std::uint64_t seed,
            const std::function<WidthSlice(NodeId)>& slice_of);

  /// What devices told with their trainings of the round that will be observed next.
  void note_told(std::vector<std::pair<NodeId, double>> told) { told_ = std::move(told); }
  void observe(const RoundPlan& plan, const TimedRound& timed);

  const std::vector<SelectionNote>& notes() const { return notes_; }  ///< of the last draw

 private:
  const PlannerSetup& setup_;
  std::unique_ptr<Selection> selection_;
  Teller teller_;
  std::vector<SelectionNote> notes_;
  std::vector<std::pair<NodeId, double>> told_;
};

}  // namespace msfusion
