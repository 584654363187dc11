// The encoding of a method's messages, as attributes of <method>, and where it has no place.
#pragma once

#include <string>
#include <utility>

#include "sim/method/method.hpp"

namespace msfusion {

/// The vocabulary with the rows of the encodings at its end.
Vocabulary<Method> with_encodings(Vocabulary<Method> vocabulary);

/// Why the encoding does not go with the other choices, and what would; empty when it does.
std::pair<std::string, std::string> encoding_contradiction(const Method& method);

/// Gossip with updates: every device keeps public copies of its neighbours, to which updates are added (CHOCO).
inline bool sends_copies(const Method& method) {
  return facts_of(method.exchange.kind).among_peers && codes_updates(method.encoding);
}

/// " | topk, down fp16"; empty where nothing is encoded.
std::string encoding_text(const EncodingOptions& encoding);

}  // namespace msfusion
