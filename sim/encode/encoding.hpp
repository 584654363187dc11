// How the values of a message become bytes: the fifth choice of a method, as a table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "sim/base/choice.hpp"
#include "sim/base/vocabulary.hpp"

namespace msfusion {

enum class EncodingKind { none, fp16, bf16, int8, qsgd, topk, randomk, sign, vote, powersgd };

struct EncodingRow : Choice<EncodingKind> {
  bool of_values;       ///< the values themselves: a receiver needs nothing but the message
  bool of_updates;      ///< the change since a reference that both ends hold
  bool feeds_back;      ///< the device adds what a message left out to the next one, unless told otherwise
  bool takes_vectors;   ///< tensors with one dimension too; the others send those as they are
  double encode_reads;  ///< how often encoding reads or writes four bytes for each element, the message left out
  bool votes = false;   ///< the server counts signs, and tells devices that have the last model what was decided
};

// clang-format off
inline constexpr std::array<EncodingRow, 10> kEncodings{{
    // value, name, meaning; then: of values, of updates, feeds back, takes vectors, reads
    {{EncodingKind::none, "none", "32-bit floats"},
     true,  false, false, true,  0},
    {{EncodingKind::fp16, "fp16", "16-bit floats, rounded to the nearest even, at most 65504"},
     true,  false, false, true,  1},
    {{EncodingKind::bf16, "bf16", "the upper 16 bits of a float, rounded to the nearest even"},
     true,  false, false, true,  1},
    {{EncodingKind::int8, "int8", "8 bits between the least and the largest value of a tensor"},
     true,  true,  false, false, 2},
    {{EncodingKind::qsgd, "qsgd", "random levels of the update's norm, bucket by bucket (QSGD)"},
     false, true,  false, false, 4},
    {{EncodingKind::topk, "topk", "the values where the update is largest"},
     false, true,  true,  false, 4},
    {{EncodingKind::randomk, "randomk", "the values at random positions, the same on every device"},
     false, true,  true,  false, 0},
    {{EncodingKind::sign, "sign", "the update's signs and its mean magnitude (EF-SIGN)"},
     false, true,  true,  false, 4},
    {{EncodingKind::vote, "vote", "the update's signs, of which the server takes the majority (signSGD)"},
     false, true,  false, false, 2, true},
    {{EncodingKind::powersgd, "powersgd", "a product of two thin matrices near the update (PowerSGD)"},
     false, true,  true,  false, 5},
}};
// clang-format on

inline const EncodingRow& facts_of(EncodingKind kind) {
  return row_of(kEncodings, kind);
}

/// What a method says about its messages. The fields after `down` belong to one encoding or two each.
struct EncodingOptions {
  EncodingKind kind = EncodingKind::none;  ///< of what devices send
  EncodingKind down = EncodingKind::none;  ///< of what a server sends to them
  enum class Of { value, update } of = Of::value;
  enum class Rounding { nearest, stochastic } rounding = Rounding::nearest;
  int bits = 4;                          ///< qsgd: of a level and its sign; 2^(bits - 1) - 1 levels
  std::int64_t bucket = 512;             ///< qsgd: elements that share a norm; 0: the whole tensor
  double ratio = 0.01;                   ///< topk, randomk: of the elements of a tensor
  int rank = 2;                          ///< powersgd
  double vote_step = 1e-3;               ///< vote: how far an element moves in a round
  std::optional<bool> error_feedback;    ///< of updates; none: as the encoding's row says
  std::optional<double> consensus_step;  ///< of updates in gossip (CHOCO's gamma); none: as the encoding asks
};

/// The attributes of <method> that say how its messages are encoded.
const Vocabulary<EncodingOptions>& encoding_vocabulary();

/// What devices send is the change since the model that they received.
bool codes_updates(const EncodingOptions& options);

/// Devices keep what their messages left out, and add it to their next ones.
bool feeds_back(const EncodingOptions& options);

/// How far a device moves towards what its neighbours sent: 1 for values; CHOCO's gamma for updates.
double consensus_step(const EncodingOptions& options);

/// Encodings of updates alone, of which something can be left out.
inline bool can_feed_back(const EncodingRow& facts) {
  return facts.of_updates && !facts.of_values && !facts.votes;
}

/// The options of messages from a server.
EncodingOptions of_down_link(const EncodingOptions& options);

}  // namespace msfusion
