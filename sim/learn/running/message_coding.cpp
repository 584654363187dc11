#include "sim/learn/running/message_coding.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/slice_map.hpp"

namespace msfusion {

namespace {

constexpr int kServer = -1;  // instead of a task: its encodings draw nothing

// Sends `values` (flat, of the layout) as a message of all its tensors, and decodes it. `reference` is undefined for
// encodings of values.
at::Tensor decoded(const RunContext& run, const EncodingOptions& options, const WidthSlice& slice,
                   const at::Tensor& values, const at::Tensor& reference, int round, int task,
                   std::vector<std::vector<float>>* kept) {
  const ParameterLayout layout(run.setup.shape, slice);
  const std::vector<TensorExtent> extents = tensor_extents(run.setup.shape, slice);
  at::Tensor result = at::zeros({layout.size()});
  std::vector<std::byte> message;
  for (int t = 0; t < layout.tensors(); ++t) {
    TensorCoding coding = tensor_coding(options, extents[static_cast<std::size_t>(t)], run.setup.seed, round, task, t);
    if (kept) coding.kept = &(*kept)[static_cast<std::size_t>(t)];
    const std::int64_t at = layout.slot(t).offset;
    const float* from = reference.defined() ? reference.data_ptr<float>() + at : nullptr;
    message.resize(static_cast<std::size_t>(encoded_bytes(options, coding.extent)));
    encode(coding, values.data_ptr<float>() + at, from, message.data());
    decode(coding, message.data(), from, result.data_ptr<float>() + at);
  }
  return result;
}

double length_of(const at::Tensor& values) {
  const float* v = values.data_ptr<float>();
  return std::sqrt(std::accumulate(v, v + values.numel(), 0.0, [](double sum, float value) {
    return sum + static_cast<double>(value) * static_cast<double>(value);
  }));
}

// |error| / |of|
double share(const at::Tensor& error, const at::Tensor& of) {
  const double whole = length_of(of);
  return whole > 0 ? length_of(error) / whole : 0;
}

}  // namespace

MessageCoding::MessageCoding(const RunContext& run, Pool& pool)
    : run_(run), pool_(pool), up_(run.setup.method.encoding), down_(of_down_link(up_)) {}

std::optional<double> MessageCoding::mean(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

void MessageCoding::begin_round() {
  up_errors_.clear();
  down_errors_.clear();
  received_.clear();
}

at::Tensor MessageCoding::received(const at::Tensor& full, const WidthSlice& slice) {
  for (std::size_t i = 0; i < received_.size(); ++i)
    if (received_[i].full.is_same(full) && received_[i].slice == slice) {
      down_errors_.push_back(down_errors_[i]);
      return received_[i].values;
    }
  const at::Tensor sent = gather(SliceMap(run_.setup.shape, run_.full, slice), full);
  const at::Tensor values = decoded(run_, down_, slice, sent, {}, 0, kServer, nullptr);
  received_.push_back({full, slice, values});
  // The errors of different messages stand first, in the order of `received_`.
  down_errors_.insert(down_errors_.begin() + static_cast<std::ptrdiff_t>(received_.size()) - 1,
                      share(values - sent, sent));
  return values;
}

void MessageCoding::send(const std::vector<Trained*>& trained) {
  std::map<NodeId, std::vector<std::size_t>> by_device;
  for (std::size_t i = 0; i < trained.size(); ++i) by_device[trained[i]->device].push_back(i);
  for (const auto& [device, messages] : by_device) senders_[device];
  std::vector<double> errors(trained.size());
  std::vector<std::future<void>> ends;
  for (const auto& [device, messages] : by_device)
    ends.push_back(pool_.submit(Urgency::merging, 1, [&, &sender = senders_[device], &numbers = messages] {
      for (const std::size_t i : numbers) errors[i] = send(*trained[i], sender);
    }));
  for (auto& end : ends) end.wait();
  for (auto& end : ends) end.get();
  up_errors_.insert(up_errors_.end(), errors.begin(), errors.end());
}

double MessageCoding::send(Trained& trained, Sender& sender) const {
  const SliceMap map(run_.setup.shape, run_.full, trained.slice);
  if (!(sender.slice == trained.slice)) sender.kept.clear();
  sender.kept.resize(static_cast<std::size_t>(map.part_layout().tensors()));
  sender.slice = trained.slice;
  const at::Tensor reference = codes_updates(up_) ? trained.start : at::Tensor();
  const at::Tensor sent = with_residual(map, trained, sender);
  const at::Tensor values =
      decoded(run_, up_, trained.slice, sent, reference, trained.round, trained.task, &sender.kept);
  if (feeds_back()) keep_residual(map, sent - values, sender);
  if (trained.variate_change.defined())
    trained.variate_change =
        decoded(run_, up_, trained.slice, trained.variate_change, {}, trained.round, trained.task, nullptr);
  const double error = share(values - sent, sent - trained.start);
  trained.values = values;
  return error;
}

at::Tensor MessageCoding::with_residual(const SliceMap& map, const Trained& trained, const Sender& sender) const {
  if (!sender.residual.defined()) return trained.values;
  return trained.values + gather(map, sender.residual);
}

void MessageCoding::keep_residual(const SliceMap& map, const at::Tensor& left_out, Sender& sender) const {
  if (!sender.residual.defined()) sender.residual = at::zeros({run_.full.size()});
  scatter(map, left_out, sender.residual);
}

void MessageCoding::lose(const Trained& trained) {
  Sender& sender = senders_[trained.device];
  const SliceMap map(run_.setup.shape, run_.full, trained.slice);
  keep_residual(map, with_residual(map, trained, sender) - trained.start, sender);
}

void MessageCoding::save(StateWriter& out) const {
  out.number(static_cast<std::int64_t>(senders_.size()));
  for (const auto& [device, sender] : senders_) {
    out.number(device);
    out.tensor(sender.residual);
    out.number(static_cast<std::int64_t>(sender.kept.size()));
    if (!sender.kept.empty()) out.slice(sender.slice);
    for (const std::vector<float>& kept : sender.kept) {
      out.number(static_cast<std::int64_t>(kept.size()));
      for (const float value : kept) out.real(static_cast<double>(value));
    }
  }
}

void MessageCoding::restore(StateReader& in) {
  senders_.clear();
  const std::int64_t count = in.number(0, run_.devices());
  for (std::int64_t i = 0; i < count; ++i) {
    Sender& sender = senders_[static_cast<NodeId>(in.number(0, run_.devices()))];
    sender.residual = in.optional_tensor(at::kFloat, run_.full.size());
    sender.kept.assign(static_cast<std::size_t>(in.number(0, run_.full.tensors())), {});
    if (!sender.kept.empty()) sender.slice = in.slice(run_.setup.shape);
    for (std::vector<float>& kept : sender.kept) {
      const std::int64_t size = in.number(0, run_.full.size());
      for (std::int64_t k = 0; k < size; ++k) kept.push_back(static_cast<float>(in.real()));
    }
  }
}

}  // namespace msfusion
