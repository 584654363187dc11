#include "sim/method/encoding_attributes.hpp"

#include <fmt/format.h>

#include "sim/method/outer_vocabulary.hpp"

namespace msfusion {

Vocabulary<Method> with_encodings(Vocabulary<Method> vocabulary) {
  return with_rows(
      std::move(vocabulary), encoding_vocabulary(), [](auto& method) -> auto& { return method.encoding; });
}

std::pair<std::string, std::string> encoding_contradiction(const Method& method) {
  const EncodingOptions& encoding = method.encoding;
  if (encoding.kind == EncodingKind::none && encoding.down == EncodingKind::none) return {};
  const ExchangeRow& exchange = facts_of(method.exchange.kind);
  const char* name = name_of(kEncodings, encoding.kind);
  if (exchange.uncoded)
    return {fmt::format("encoding=\"{}\" where the exchange is \"{}\": {}",
                        encoding.kind == EncodingKind::none ? name_of(kEncodings, encoding.down) : name, exchange.name,
                        exchange.uncoded),
            "encoding=\"none\""};
  if (!exchange.needs_server && encoding.down != EncodingKind::none)
    return {fmt::format("down=\"{}\" where the exchange is \"{}\": there is no server that sends",
                        name_of(kEncodings, encoding.down), exchange.name),
            "down=\"none\""};
  if (facts_of(encoding.kind).votes) {
    const bool by_mean = method.merge.kind == MergeKind::mean || method.merge.kind == MergeKind::overlap_mean;
    if (method.exchange.kind != ExchangeKind::server || !by_mean)
      return {
          fmt::format("encoding=\"{}\" with exchange=\"{}\" and merge=\"{}\": a server counts the votes of a round, "
                      "in place of a mean",
                      name, exchange.name, name_of(kMerges, method.merge.kind)),
          "exchange=\"server\" with merge=\"mean\" or \"overlap-mean\""};
    if (encoding.down != EncodingKind::none)
      return {fmt::format("encoding=\"{}\" with down=\"{}\": the server sends what was decided, one bit an element",
                          name, name_of(kEncodings, encoding.down)),
              "down=\"none\""};
  }
  if (exchange.among_peers && facts_of(method.merge.kind).takes_slices && codes_updates(encoding))
    return {
        fmt::format("encoding=\"{}\" of updates where peers send parts of sub-models: a receiver often did not hold "
                    "an element in the round before, so there is no reference",
                    name),
        "an encoding of values: fp16, bf16, or int8 with of=\"value\""};
  if (sends_copies(method) && encoding.error_feedback.value_or(false))
    return {"error-feedback=\"on\" with merge=\"gossip\": public copies take its place (CHOCO)", "no error-feedback"};
  if (!sends_copies(method) && encoding.consensus_step)
    return {"consensus-step without an encoding of updates and merge=\"gossip\": there are no public copies",
            "no consensus-step"};
  if (facts_of(method.merge.kind).models_sent > 1 && codes_updates(encoding))
    return {fmt::format("encoding=\"{}\" of updates with merge=\"{}\": control variates have no reference that both "
                        "ends hold",
                        name, name_of(kMerges, method.merge.kind)),
            "an encoding of values: fp16, bf16, or int8 with of=\"value\""};
  return {};
}

std::string encoding_text(const EncodingOptions& encoding) {
  if (encoding.kind == EncodingKind::none && encoding.down == EncodingKind::none) return "";
  std::string text = fmt::format(" | {}", name_of(kEncodings, encoding.kind));
  if (encoding.down != EncodingKind::none) text += fmt::format(", down {}", name_of(kEncodings, encoding.down));
  return text;
}

}  // namespace msfusion
