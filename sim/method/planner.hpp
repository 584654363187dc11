// Turns the state of the fleet into the next round's plan, by the choices of a method.
#pragma once

#include <functional>
#include <optional>

#include "sim/method/admission.hpp"
#include "sim/method/flights.hpp"
#include "sim/method/last_models.hpp"
#include "sim/method/model_holders.hpp"
#include "sim/method/overlap_schedule.hpp"
#include "sim/method/planner_setup.hpp"
#include "sim/method/privacy_terms.hpp"
#include "sim/method/public_copies.hpp"
#include "sim/method/rates.hpp"
#include "sim/method/selector.hpp"
#include "sim/method/task_costs.hpp"
#include "sim/plan/coverage.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

/// The peer graph of a method without a server. Throws UserError as make_peer_graph().
PeerNetwork peer_network(const Method& method, int devices, std::uint64_t seed);

class Planner {
 public:
  /// Settles rates and who takes part. Throws UserError as Rates and Admission do, and for a missing server or a fleet
  /// or model that does not suit the exchange.
  explicit Planner(PlannerSetup setup);
  Planner(const Planner&) = delete;  // its parts refer to its setup
  Planner& operator=(const Planner&) = delete;

  /// Who answers what a selection asks of devices before it draws. A plan without one can only draw by what devices
  /// told after their trainings.
  void set_teller(Teller teller);

  /// The next round of those that are there (`is_present`; none given: everybody). A plan without tasks is an empty
  /// round.
  RoundPlan plan(int round, const std::function<bool(NodeId)>& is_present = {});

  /// To be called while an asynchronous method's round goes on, at each arrival before the merge: adds the trainings of
  /// those that have nothing to do, who start from the model that the server has.
  void restart(RoundPlan& plan, const Arrival& arrival, const std::function<bool(NodeId)>& is_present,
               const std::function<bool(NodeId)>& is_busy);

  /// What devices told with their trainings, before observe(); only selections that learn take notice.
  void note_told(std::vector<std::pair<NodeId, double>> told);

  /// Feeds back a plan's outcome (carried steps belong to earlier plans) and, if anything was trained, the mean loss.
  void observe(const RoundPlan& plan, const TimedRound& timed, std::optional<double> mean_loss);

  /// By node, see have_a_part().
  std::vector<bool> participants(const RoundPlan& plan) const;

  /// Of the last plan's draw; empty where nothing but chance decides.
  const std::vector<SelectionNote>& selection_notes() const;

  const Admission& admission() const { return admission_; }
  const Flights& flights() const { return flights_; }
  const Coverage& coverage() const { return coverage_; }

  /// Whether slices say which parameters are trained. Where the values decide, no plan knows it.
  bool knows_coverage() const { return !setup_.method.importance.is_on(); }
  const std::optional<PeerNetwork>& peers() const { return peers_; }
  const std::optional<PrivacyTerms>& privacy() const { return privacy_; }  ///< with a clip in <privacy>
  std::optional<double> overlap_control() const;  ///< c(t) of the last plan, if the split rule has one

 private:
  std::vector<double> rates_of(const std::vector<NodeId>& participants, int round) const;
  RoundPlan plan_of(const std::vector<NodeId>& devices, int round, const std::vector<NodeId>& candidates = {});
  WidthSlice lone_slice_of(NodeId device, int round) const;
  WidthSlice slice_of(NodeId device, std::size_t position, const std::vector<double>& rates, int round) const;

  const PlannerSetup setup_;
  Coverage coverage_;
  std::optional<PeerNetwork> peers_;
  TaskCosts costs_;
  Rates rates_;
  Admission admission_;
  Flights flights_;
  OverlapSchedule overlap_;
  PublicCopies copies_;
  LastModels last_models_;
  std::optional<PrivacyTerms> privacy_;
  ModelHolders holders_;
  std::optional<Selector> selector_;  // where cohorts are drawn
};

}  // namespace msfusion
