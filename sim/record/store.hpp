// A run folder's result store, run.sqlite: several processes write their own runs, everybody may read.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/record/records.hpp"

namespace msfusion {

/// Facts about the whole folder: scenario name and text, versions, command, seeds, targets.
using MetaMap = std::map<std::string, std::string>;

/// Writing side. Throws RunError (file, cause, what to do: disk full, read-only, locked by another process). A writer
/// must not cross a fork: close it before, and let each process open its own.
class StoreWriter {
 public:
  /// Makes a new store, with a new identity in its `meta`; an old one at that place must have been dealt with by the
  /// caller.
  static StoreWriter create(const std::string& file, const MetaMap& meta, const std::vector<RunRecord>& runs);
  /// Opens the store of that identity, and no other that may lie in its place by now; no id: whichever lies there.
  /// Waits up to `busy_timeout_ms` for another writer's transaction, at each of its own.
  static StoreWriter open(const std::string& file, const std::string& id = "", int busy_timeout_ms = 30000);
  StoreWriter(StoreWriter&&) noexcept;
  ~StoreWriter();

  void write_devices(const std::vector<DeviceRecord>& devices, const std::vector<StateEventRecord>& states = {});
  void write_network(const std::vector<LinkRecord>& links, const std::vector<JointRecord>& joints,
                     const std::vector<PeerRecord>& peers);
  void write_round(const RoundResult& result);  ///< one transaction
  /// What the drawn fleets had spent after every round; replaces what there was.
  void write_draws(const std::vector<IntervalRecord>& intervals, const std::vector<DrawRecord>& draws);
  void write_warning(const WarningRecord& warning);  ///< the same text twice in a round is one warning
  void set_state(int run, const std::string& state, const std::string& message = "");
  void set_ended_by(int run, const std::string& ending);
  void set_model(int run, std::int64_t parameters, std::int64_t forward_macs);
  void set_without_power(int run, const std::string& nodes);
  void set_meta(const std::string& key, const std::string& value);
  /// Gives the runs later limits before a resume: rounds and until_seconds. Finished runs wait again.
  void lengthen(const std::vector<RunRecord>& runs, const MetaMap& changed_facts);
  void forget_evaluations(int run, int round);
  void forget_after(int run, int round);  ///< removes rows of later rounds (before a resume)

 private:
  class Impl;
  explicit StoreWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Sums over the devices of one round.
struct DeviceRoundTotals {
  int round = 0;
  int participants = 0;
  double split = 0;         ///< sum of the rates
  double device_bytes = 0;  ///< sent and received; a server's left out
};

/// Sums over the rounds of one run in which a device took part.
struct DeviceTotals {
  NodeId device = 0;
  int rounds = 0;
  double busy_seconds = 0, bytes = 0;  ///< sent and received
  Maybe joules;                        ///< none if any round lacks the figure
  std::map<std::string, int> fates;    ///< how often each
};

/// Sums over the rounds of one run, in seconds.
struct ActivityTotals {
  NodeId device = 0;
  double compute = 0, send = 0, receive = 0, both = 0, idle = 0, off = 0;
};

/// Reading side: typed queries, rows in key order. Throws UserError for a file that is missing, no store, truncated, or
/// of another schema version.
class StoreReader {
 public:
  explicit StoreReader(const std::string& file);
  StoreReader(StoreReader&&) noexcept;
  ~StoreReader();

  const std::string& file() const;
  MetaMap meta() const;
  std::string id() const;  ///< which store this is, whatever its name or place; throws UserError for one without
  std::vector<RunRecord> runs() const;
  std::vector<DeviceRecord> devices(int run) const;
  std::vector<RoundRecord> rounds(int run) const;
  std::vector<DeviceRoundRecord> device_rounds(int run) const;
  std::vector<DeviceRoundTotals> device_round_totals(int run) const;
  std::vector<LinkRecord> platform_links(int run) const;
  std::vector<JointRecord> joints(int run) const;
  std::vector<PeerRecord> peers(int run) const;
  std::vector<ActivityRecord> activities(int run, int round) const;
  std::vector<ActivityTotals> activity_totals(int run) const;
  std::vector<DeviceTotals> device_totals(int run) const;
  std::vector<CriticalStepRecord> critical_steps(int run, int round) const;
  std::vector<StateEventRecord> state_events(int run) const;
  std::vector<BatteryRecord> batteries(int run) const;
  std::vector<EvaluationRecord> evaluations(int run) const;
  std::vector<DeviceEvaluationRecord> device_evaluations(int run) const;
  std::vector<DeviceEvaluationRecord> device_evaluations(int run, int round) const;
  std::vector<PersonalEvaluationRecord> personal_evaluations(int run) const;
  std::vector<AxisCoverageRecord> coverage(int run) const;
  std::vector<LinkRoundRecord> links(int run) const;
  std::vector<EncodingRecord> encodings(int run) const;
  std::vector<PrivacyRecord> privacy(int run) const;
  std::vector<SecureSumRecord> secure_sums(int run) const;
  std::vector<SelectionRecord> selections(int run) const;
  std::vector<FairnessRecord> fairness(int run) const;
  std::vector<IntervalRecord> intervals(int run) const;
  std::vector<DrawRecord> draws(int run) const;
  std::vector<WarningRecord> warnings() const;
  std::vector<WallRecord> wall(int run) const;

  /// Every result table (all but wall-clock figures) as CSV text by table name, rows in key order: equal for equal
  /// results.
  std::map<std::string, std::string> result_tables() const;
  std::map<std::string, std::string> wall_tables() const;  ///< the others

  /// Every row of every table as a JSON object on a line, its table first: {"table":"rounds","run":0,...}.
  void json_lines(const std::function<void(const std::string&)>& line) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace msfusion
