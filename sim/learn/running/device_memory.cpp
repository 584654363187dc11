#include "sim/learn/running/device_memory.hpp"

#include "sim/learn/running/job_message.hpp"

namespace msfusion {

DeviceMemory::DeviceMemory(const RunContext& run) : run_(run) {
  const ObjectiveChoice& objective = run.setup.method.objective;
  keeps_previous_ = facts_of(objective.kind).contrasts();
  uses_previous_ = keeps_previous_ && objective.negatives != ObjectiveChoice::Negatives::peers;
  uses_peers_ = keeps_previous_ && objective.negatives != ObjectiveChoice::Negatives::previous;
}

void DeviceMemory::remember(const Arrivals& arrivals, const Trained& trained) {
  slices_[trained.device] = trained.slice;
  for (std::size_t i = 0; i < arrivals.plan.next_slices.size(); ++i)
    if (arrivals.plan.tasks[i].id == trained.task) slices_[trained.device] = arrivals.plan.next_slices[i];
  if (keeps_previous_) previous_[trained.device] = {trained.slice, trained.values};
  if (!uses_peers_) return;
  auto& received = of_peers_[trained.device];
  received.clear();
  for (const Delivery& delivery : arrivals.deliveries) {
    if (delivery.to != trained.device || delivery.task == trained.task) continue;
    for (const Trained* peer : arrivals.tasks)
      if (peer->task == delivery.task) received.push_back({peer->slice, peer->values});
  }
}

std::vector<SubModel> DeviceMemory::negatives_of(NodeId device) const {
  std::vector<SubModel> negatives;
  if (uses_previous_)
    if (const auto own = previous_.find(device); own != previous_.end()) negatives.push_back(own->second);
  if (uses_peers_)
    if (const auto peers = of_peers_.find(device); peers != of_peers_.end())
      negatives.insert(negatives.end(), peers->second.begin(), peers->second.end());
  return negatives;
}

void DeviceMemory::save(StateWriter& out) const {
  out.number(static_cast<std::int64_t>(slices_.size()));
  for (const auto& [device, slice] : slices_) {
    out.number(device);
    out.slice(slice);
  }
  out.number(static_cast<std::int64_t>(previous_.size()));
  for (const auto& [device, model] : previous_) {
    out.number(device);
    write(out, model);
  }
  out.number(static_cast<std::int64_t>(of_peers_.size()));
  for (const auto& [device, models] : of_peers_) {
    out.number(device);
    out.number(static_cast<std::int64_t>(models.size()));
    for (const auto& model : models) write(out, model);
  }
}

void DeviceMemory::restore(StateReader& in) {
  const Shape& shape = run_.setup.shape;
  const std::int64_t devices = run_.devices();
  slices_.clear();
  previous_.clear();
  of_peers_.clear();
  const auto for_each_device = [&](auto read) {
    const auto count = in.number(0, devices);
    for (std::int64_t i = 0; i < count; ++i) read(static_cast<NodeId>(in.number(0, devices)));
  };
  for_each_device([&](NodeId device) { slices_[device] = in.slice(shape); });
  for_each_device([&](NodeId device) { previous_[device] = read_submodel(in, shape); });
  for_each_device([&](NodeId device) {
    auto& models = of_peers_[device];
    models.resize(static_cast<std::size_t>(in.number(0, devices)));
    for (auto& model : models) model = read_submodel(in, shape);
  });
}

}  // namespace msfusion
