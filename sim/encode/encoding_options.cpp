// What a user can say about the messages of a method, and what follows from it.
#include <array>

#include "sim/encode/encoding.hpp"

namespace msfusion {

namespace {

using Of = EncodingOptions::Of;
using Rounding = EncodingOptions::Rounding;

// Of kEncodings, those that need no reference.
constexpr std::array<Choice<EncodingKind>, 4> kDownEncodings{
    {kEncodings[0], kEncodings[1], kEncodings[2], kEncodings[3]}};
static_assert(kDownEncodings[3].value == EncodingKind::int8);

constexpr std::array<Choice<Of>, 2> kOf{{
    {Of::value, "value", "the values"},
    {Of::update, "update", "their change since the round's start"},
}};
constexpr std::array<Choice<Rounding>, 2> kRoundings{{
    {Rounding::nearest, "nearest", "to the nearest step"},
    {Rounding::stochastic, "stochastic", "up or down at random, right in the mean"},
}};

constexpr int kMostBits = 8, kLargestRank = 256;

bool takes_ratio(const EncodingOptions& o) {
  return o.kind == EncodingKind::topk || o.kind == EncodingKind::randomk;
}

}  // namespace

bool codes_updates(const EncodingOptions& options) {
  const EncodingRow& facts = facts_of(options.kind);
  return facts.of_updates && (!facts.of_values || options.of == Of::update);
}

bool feeds_back(const EncodingOptions& options) {
  const EncodingRow& facts = facts_of(options.kind);
  return can_feed_back(facts) && options.error_feedback.value_or(facts.feeds_back);
}

double consensus_step(const EncodingOptions& options) {
  if (!codes_updates(options)) return 1;
  if (options.consensus_step) return *options.consensus_step;
  // Near what they encode, updates allow long steps.
  constexpr double kNear = 0.9, kCoarse = 0.4;
  constexpr int kFineBits = 4;
  const bool is_near =
      options.kind == EncodingKind::int8 || (options.kind == EncodingKind::qsgd && options.bits >= kFineBits);
  return is_near ? kNear : kCoarse;
}

EncodingOptions of_down_link(const EncodingOptions& options) {
  EncodingOptions down;
  down.kind = options.down;
  return down;
}

// A table. NOLINTNEXTLINE(readability-function-size)
const Vocabulary<EncodingOptions>& encoding_vocabulary() {
  using O = EncodingOptions;
  static const Vocabulary<O> all{
      {
          attribute<O>(
              "encoding", [](auto& o) -> auto& { return o.kind; }, one_of_table("encoding", kEncodings),
              "What the devices' messages are made of: 32-bit floats; 16-bit or 8-bit values; or the change since the "
              "round's start, as random levels, its largest elements, random ones, its signs, with or without a vote, "
              "or a product of thin "
              "matrices. The receiver merges what it decodes; votes are counted.",
              "Where links are slow; the report says what it saves and what it costs."),
          attribute<O>(
              "down", [](auto& o) -> auto& { return o.down; }, one_of_table("down-encoding", kDownEncodings),
              "What the server's messages are made of. Devices start from what they decode.",
              "Where links to the devices are slow too."),
          attribute<O>(
              "of", [](auto& o) -> auto& { return o.of; }, one_of_table("encoding-of", kOf),
              "What int8 quantises: the values, or their change since the round's start.",
              "update for finer steps late in training.")
              .only_with(
                  "encoding", [](const O& o) { return o.kind == EncodingKind::int8; }, "encoding=\"int8\""),
          attribute<O>(
              "rounding", [](auto& o) -> auto& { return o.rounding; }, one_of_table("encoding-rounding", kRoundings),
              "How int8 rounds.", "stochastic where a mean of many devices should be right.")
              .only_with(
                  "encoding", [](const O& o) { return o.kind == EncodingKind::int8; }, "encoding=\"int8\""),
          attribute<O>(
              "bits", [](auto& o) -> auto& { return o.bits; }, whole(2, kMostBits),
              "Bits of an element: a sign and 2^(bits - 1) - 1 levels.", "More are closer to the update.")
              .in("bits")
              .only_with(
                  "encoding", [](const O& o) { return o.kind == EncodingKind::qsgd; }, "encoding=\"qsgd\""),
          attribute<O>(
              "bucket", [](auto& o) -> auto& { return o.bucket; }, whole(0),
              "Neighbours that share a norm; 0: a whole tensor (FedPAQ).",
              "Smaller is closer to the update and sends more norms.")
              .in("elements")
              .only_with(
                  "encoding", [](const O& o) { return o.kind == EncodingKind::qsgd; }, "encoding=\"qsgd\""),
          attribute<O>(
              "ratio", [](auto& o) -> auto& { return o.ratio; }, number_above(0, 1),
              "Share of a tensor's elements that is sent, at least one.", "0.001 to 0.1; 1 sends all.")
              .only_with("encoding", takes_ratio, "encoding=\"topk\" or \"randomk\""),
          attribute<O>(
              "rank", [](auto& o) -> auto& { return o.rank; }, whole(1, kLargestRank), "Columns of the thin matrices.",
              "1 to 4; more are closer to the update.")
              .in("columns")
              .only_with(
                  "encoding", [](const O& o) { return o.kind == EncodingKind::powersgd; }, "encoding=\"powersgd\""),
          attribute<O>(
              "vote-step", [](auto& o) -> auto& { return o.vote_step; }, number_above(0),
              "How far an element moves in a round, in the direction for which most devices vote.",
              "About what an element moves in a round of fedavg; smaller late in training.")
              .only_with(
                  "encoding", [](const O& o) { return facts_of(o.kind).votes; }, "encoding=\"vote\""),
          attribute<O>(
              "error-feedback", [](auto& o) -> auto& { return o.error_feedback; }, on_off(),
              "A device adds what its messages left out to its next one.",
              "off to see what it brings; on for qsgd with few bits.")
              .absent("on, qsgd off; public copies take its place among peers")
              .only_with(
                  "encoding", [](const O& o) { return can_feed_back(facts_of(o.kind)); },
                  "encoding=\"qsgd\", \"topk\", \"randomk\", \"sign\" or \"powersgd\""),
          attribute<O>(
              "consensus-step", [](auto& o) -> auto& { return o.consensus_step; }, number_above(0, 1),
              "CHOCO's gamma: how far a device moves towards its neighbours' public copies, where updates are sent "
              "among peers.",
              "Smaller where training diverges, larger where devices stay apart.")
              .absent("0.9 with int8 and qsgd of 4 bits or more, otherwise 0.4")
              .only_with("encoding", codes_updates, "an encoding of updates and merge=\"gossip\""),
      },
      {}};
  return all;
}

}  // namespace msfusion
