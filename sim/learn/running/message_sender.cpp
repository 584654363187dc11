#include "sim/learn/running/message_sender.hpp"

#include <cmath>
#include <numeric>

#include "sim/base/error.hpp"
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "sim/method/encoding_attributes.hpp"

namespace msfusion {

namespace {

// What a public copy lacks comes with a later message: coders must not enlarge, as with error feedback.
EncodingOptions as_sent(const Method& method) {
  EncodingOptions options = method.encoding;
  if (sends_copies(method)) options.error_feedback = true;
  return options;
}

double length_of(const at::Tensor& values) {
  const float* v = values.data_ptr<float>();
  return std::sqrt(std::accumulate(v, v + values.numel(), 0.0, [](double sum, float value) {
    return sum + static_cast<double>(value) * static_cast<double>(value);
  }));
}

}  // namespace

double share(const at::Tensor& error, const at::Tensor& of) {
  const double whole = length_of(of);
  return whole > 0 ? length_of(error) / whole : 0;
}

SendingContext::SendingContext(const RunContext& of)
    : run(of),
      options(as_sent(of.setup.method)),
      has_copies(sends_copies(of.setup.method)),
      feeds_back(!has_copies && msfusion::feeds_back(options)),
      initial(has_copies ? initial_values(of.setup.shape, of.full, of.setup.seed) : at::Tensor()) {}

MessageBytes MessageSender::send(const SendingContext& context, Trained& trained, double& error) {
  const RunContext& run = context.run;
  const SliceMap map(run.setup.shape, run.full, trained.slice);
  if (!(slice_ == trained.slice)) kept_.clear();
  kept_.resize(static_cast<std::size_t>(map.part_layout().tensors()));
  slice_ = trained.slice;
  SliceMessage message{run, context.options, trained.slice, {}, trained.round, trained.task, &kept_};
  if (context.has_copies)
    message.reference = copy_.defined() ? copy_ : context.initial;
  else if (codes_updates(context.options))
    message.reference = trained.start;
  const at::Tensor sent = with_residual(map, trained);
  MessageBytes bytes = encoded(message, sent);
  at::Tensor values = decoded(message, bytes);
  keep_unsent(run.setup.shape, map.part_layout(), sent, values);
  if (context.feeds_back) keep_residual(map, sent - values, run.full.size());
  if (context.has_copies) copy_ = values;
  if (trained.variate_change.defined()) {
    message.kept = nullptr;
    const MessageBytes variates = encoded(message, trained.variate_change);
    trained.variate_change = decoded(message, variates);
    bytes.insert(bytes.end(), variates.begin(), variates.end());
  }
  error = share(values - sent, sent - (context.has_copies ? message.reference : trained.start));
  trained.values = values;
  return bytes;
}

at::Tensor MessageSender::with_residual(const SliceMap& map, const Trained& trained) const {
  return residual_.defined() ? trained.values + gather(map, residual_) : trained.values;
}

void MessageSender::keep_residual(const SliceMap& map, const at::Tensor& left_out, std::int64_t size) {
  if (!residual_.defined()) residual_ = at::zeros({size});
  scatter(map, left_out, residual_);
}

void MessageSender::lose(const SendingContext& context, const Trained& trained) {
  const SliceMap map(context.run.setup.shape, context.run.full, trained.slice);
  keep_residual(map, with_residual(map, trained) - trained.start, context.run.full.size());
}

void MessageSender::save(StateWriter& out) const {
  out.tensor(residual_);
  out.tensor(copy_);
  out.number(static_cast<std::int64_t>(kept_.size()));
  if (!kept_.empty()) out.slice(slice_);
  for (const std::vector<float>& kept : kept_) {
    out.number(static_cast<std::int64_t>(kept.size()));
    for (const float value : kept) out.real(static_cast<double>(value));
  }
}

void MessageSender::restore(StateReader& in, const RunContext& run) {
  residual_ = in.optional_tensor(at::kFloat, run.full.size());
  copy_ = in.optional_tensor(at::kFloat, run.full.size());
  kept_.assign(static_cast<std::size_t>(in.number(0, run.full.tensors())), {});
  if (!kept_.empty()) slice_ = in.slice(run.setup.shape);
  for (std::vector<float>& kept : kept_) {
    const std::int64_t count = in.number(0, run.full.size());
    for (std::int64_t i = 0; i < count; ++i) kept.push_back(static_cast<float>(in.real()));
  }
}

}  // namespace msfusion
