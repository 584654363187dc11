#include "sim/learn/running/personal_models.hpp"

namespace msfusion {

PersonalModels::PersonalModels(const RunContext& run)
    : run_(run), keeps_copies_(facts_of(run.setup.method.personal.kind).trains_copy) {
  if (keeps_copies_) initial_ = run.initial_model();
  for (int t = 0; t < run.full.tensors(); ++t)
    if (run.setup.shape.tensors[static_cast<std::size_t>(t)].is_private)
      hidden_.emplace_back(run.full.slot(t).offset, run.full.slot(t).count);
}

std::int64_t PersonalModels::size() const {
  if (keeps_copies_) return run_.full.size();
  std::int64_t size = 0;
  for (const auto& [offset, length] : hidden_) size += length;
  return size;
}

at::Tensor PersonalModels::with(const at::Tensor& full, const at::Tensor& own) const {
  at::Tensor result = full.clone();
  std::int64_t at = 0;
  for (const auto& [offset, length] : hidden_) {
    result.narrow(0, offset, length).copy_(own.narrow(0, at, length));
    at += length;
  }
  return result;
}

at::Tensor PersonalModels::start_of(NodeId device, const at::Tensor& shared) const {
  const auto own = own_.find(device);
  return hides() && own != own_.end() ? with(shared, own->second) : shared;
}

at::Tensor PersonalModels::model_of(NodeId device, const at::Tensor& shared) const {
  const auto own = own_.find(device);
  if (keeps_copies_) return own == own_.end() ? initial_ : own->second;
  return start_of(device, shared);
}

void PersonalModels::equip(TrainingJob& job) const {
  (job.start.defined() ? job.start : job.source) =
      start_of(job.task.device, job.start.defined() ? job.start : job.source);
  if (keeps_copies_) job.own = model_of(job.task.device, {});
}

void PersonalModels::remember(const Trained& trained) {
  if (keeps_copies_) own_[trained.device] = trained.own;
  if (!hides()) return;
  std::vector<at::Tensor> parts;
  for (const auto& [offset, length] : hidden_) parts.push_back(trained.values.narrow(0, offset, length));
  own_[trained.device] = at::cat(parts);
}

void PersonalModels::hide(Trained& trained, const at::Tensor& shared) const {
  std::vector<at::Tensor> parts;
  for (const auto& [offset, length] : hidden_) parts.push_back(shared.narrow(0, offset, length));
  const at::Tensor own = at::cat(parts);
  trained.start = with(trained.start, own);
  trained.values = with(trained.values, own);
}

at::Tensor PersonalModels::global(const at::Tensor& shared) const {
  if (!hides() || own_.empty()) return shared;
  at::Tensor sum = at::zeros({size()}, at::kDouble);
  for (const auto& [device, own] : own_) sum.add_(own);
  return with(shared, sum.div_(static_cast<double>(own_.size())).to(at::kFloat));
}

void PersonalModels::save(StateWriter& out) const {
  out.number(static_cast<std::int64_t>(own_.size()));
  for (const auto& [device, own] : own_) {
    out.number(device);
    out.tensor(own);
  }
}

void PersonalModels::restore(StateReader& in) {
  own_.clear();
  const std::int64_t count = in.number(0, run_.devices());
  for (std::int64_t i = 0; i < count; ++i) {
    const auto device = static_cast<NodeId>(in.number(0, run_.devices() - 1));
    own_[device] = in.tensor(at::kFloat, size());
  }
}

}  // namespace msfusion
