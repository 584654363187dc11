// What becomes of a run's messages on their way: they are really encoded, and both ends go on with what was decoded.
// Residuals of error feedback, and whatever else senders remember, are here.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/encode/message.hpp"
#include "sim/learn/running/pool.hpp"
#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/state_file.hpp"

namespace msfusion {

class MessageCoding {
 public:
  MessageCoding(const RunContext& run, Pool& pool);  ///< which must outlive it

  bool codes_up() const { return up_.kind != EncodingKind::none; }
  bool codes_down() const { return down_.kind != EncodingKind::none; }
  bool feeds_back() const { return msfusion::feeds_back(up_); }

  /// Forgets the errors of the last round.
  void begin_round();

  /// What a device decodes of a slice of the server's model: flat, of the slice's layout.
  at::Tensor received(const at::Tensor& full, const WidthSlice& slice);

  /// Puts the values that the receiver decodes in place of the trained ones. Devices' messages in the order of tasks.
  void send(const std::vector<Trained*>& trained);

  /// The message got lost: all of the update stays with the device.
  void lose(const Trained& trained);

  CodingErrors errors() const { return {mean(up_errors_), mean(down_errors_)}; }

  void save(StateWriter& out) const;
  void restore(StateReader& in);

 private:
  // What a device remembers.
  struct Sender {
    at::Tensor residual;                   // flat, of the full model; undefined before its first message
    WidthSlice slice;                      // of its last message
    std::vector<std::vector<float>> kept;  // per tensor, of messages of that slice
  };

  struct Received {
    at::Tensor full;
    WidthSlice slice;
    at::Tensor values;
  };

  static std::optional<double> mean(const std::vector<double>& values);
  double send(Trained& trained, Sender& sender) const;
  at::Tensor with_residual(const SliceMap& map, const Trained& trained, const Sender& sender) const;
  void keep_residual(const SliceMap& map, const at::Tensor& left_out, Sender& sender) const;

  const RunContext& run_;
  Pool& pool_;
  const EncodingOptions up_, down_;
  std::map<NodeId, Sender> senders_;
  std::vector<Received> received_;  // in this round
  std::vector<double> up_errors_, down_errors_;
};

}  // namespace msfusion
