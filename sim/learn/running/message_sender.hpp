// One device's end of its encoded messages: what it sends, and what it remembers until the next one.
#pragma once

#include <vector>

#include "sim/learn/running/slice_message.hpp"
#include "sim/learn/running/state_file.hpp"
#include "sim/learn/training/training_job.hpp"

namespace msfusion {

/// What all senders of a run share.
struct SendingContext {
  explicit SendingContext(const RunContext& of);

  const RunContext& run;
  const EncodingOptions options;
  const bool has_copies;     ///< updates among peers are those of public copies (CHOCO)
  const bool feeds_back;     ///< residuals are kept; never beside copies, which do the same
  const at::Tensor initial;  ///< of the full model: what public copies begin with; undefined without
};

class MessageSender {
 public:
  /// The message of a training. Puts what its receivers decode in place of the trained values, `error` is the share of
  /// the update that is lost.
  MessageBytes send(const SendingContext& context, Trained& trained, double& error);

  /// The message got lost: all of the update stays here.
  void lose(const SendingContext& context, const Trained& trained);

  void save(StateWriter& out) const;
  void restore(StateReader& in, const RunContext& run);

 private:
  at::Tensor with_residual(const SliceMap& map, const Trained& trained) const;
  void keep_residual(const SliceMap& map, const at::Tensor& left_out, std::int64_t size);

  at::Tensor residual_;                   // flat, of the full model; undefined before the first message
  at::Tensor copy_;                       // likewise: what all messages so far add up to, where peers keep that
  WidthSlice slice_;                      // of the last message
  std::vector<std::vector<float>> kept_;  // per tensor, by encodings, of messages of that slice
};

/// |error| / |of|, 0 where there is nothing.
double share(const at::Tensor& error, const at::Tensor& of);

}  // namespace msfusion
