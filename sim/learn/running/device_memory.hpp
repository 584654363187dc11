// What is kept about each device between rounds, besides the values that the merge keeps.
#pragma once

#include <map>
#include <vector>

#include "sim/learn/merging/merge.hpp"
#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/state_file.hpp"

namespace msfusion {

class DeviceMemory {
 public:
  explicit DeviceMemory(const RunContext& run);

  void remember(const Arrivals& arrivals, const Trained& trained);

  /// The models that a contrastive objective pushes the device's next training away from.
  std::vector<SubModel> negatives_of(NodeId device) const;

  /// The current sub-models of all devices that have trained.
  const std::map<NodeId, WidthSlice>& slices() const { return slices_; }

  void save(StateWriter& out) const;
  void restore(StateReader& in);

 private:
  const RunContext& run_;
  bool keeps_previous_ = false, uses_previous_ = false, uses_peers_ = false;  // as the objective asks
  std::map<NodeId, WidthSlice> slices_;
  std::map<NodeId, SubModel> previous_;               // what a device trained last, before merging
  std::map<NodeId, std::vector<SubModel>> of_peers_;  // what it last received
};

}  // namespace msfusion
