// What becomes of a run's messages on their way: they are really encoded, and both ends go on with what was decoded.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sim/learn/running/message_sender.hpp"
#include "sim/learn/running/pool.hpp"

namespace msfusion {

class MessageCoding {
 public:
  MessageCoding(const RunContext& run, Pool& pool);  ///< which must outlive it

  bool codes_up() const { return sending_.options.kind != EncodingKind::none; }
  bool codes_down() const { return down_.kind != EncodingKind::none; }
  bool votes() const { return facts_of(sending_.options.kind).votes; }
  bool feeds_back() const { return sending_.feeds_back; }

  /// Forgets the errors of the last round.
  void begin_round();

  /// What a device decodes of a slice of the server's model: flat, of the slice's layout.
  at::Tensor received(const at::Tensor& full, const WidthSlice& slice);

  /// Puts the values that the receiver decodes in place of the trained ones. What got lost stays with its device, where
  /// devices feed back. A device's messages and losses are in the order of tasks.
  void send(const std::vector<Trained*>& trained, const std::map<TaskId, Trained>& lost = {});

  /// Where devices vote: what they decided by the messages that the last send() made.
  Trained decided(const std::vector<const Trained*>& arrivals, const at::Tensor& current) const;

  CodingErrors errors() const;

  void save(StateWriter& out) const;
  void restore(StateReader& in);

 private:
  struct Received {
    at::Tensor full;
    WidthSlice slice;
    at::Tensor values;
    double error = 0;
  };

  const RunContext& run_;
  Pool& pool_;
  const SendingContext sending_;
  const EncodingOptions down_;
  std::map<NodeId, MessageSender> senders_;
  std::vector<Received> received_;  // different ones of this round
  std::vector<double> up_errors_, down_errors_;
  std::vector<MessageBytes> ballots_;  // of the last send(), where devices vote
};

}  // namespace msfusion
