#include "sim/method/encoding_attributes.hpp"

#include <fmt/format.h>

namespace msfusion {

Vocabulary<Method> with_encodings(Vocabulary<Method> vocabulary) {
  for (const Attribute<EncodingOptions>& row : encoding_vocabulary().attributes) {
    Attribute<Method> outer;
    static_cast<AttributeInfo&>(outer) = row;
    outer.depends_on = row.depends_on;
    outer.assign = [assign = row.assign](Method& method, const std::string& text) {
      return assign(method.encoding, text);
    };
    outer.written = [written = row.written](const Method& method) { return written(method.encoding); };
    if (row.applies) outer.applies = [applies = row.applies](const Method& method) { return applies(method.encoding); };
    vocabulary.attributes.push_back(std::move(outer));
  }
  return vocabulary;
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
  if (exchange.among_peers)
    return {
        fmt::format("encoding=\"{}\" where the exchange is \"{}\": messages among peers are parts of models without "
                    "a common reference",
                    name, exchange.name),
        "encoding=\"none\""};
  if (facts_of(method.merge.kind).models_sent > 1 && codes_updates(encoding))
    return {fmt::format("encoding=\"{}\" of updates with merge=\"{}\": control variates have no reference that both "
                        "ends hold",
                        name, name_of(kMerges, method.merge.kind)),
            "an encoding of values: fp16, bf16, or int8 with of=\"value\""};
  if (exchange.spans_rounds && feeds_back(encoding))
    return {fmt::format("encoding=\"{}\" with error feedback where the exchange is \"{}\": a device does not learn "
                        "which of its uploads was lost",
                        name, exchange.name),
            "error-feedback=\"off\", or an encoding without"};
  return {};
}

std::string encoding_text(const EncodingOptions& encoding) {
  if (encoding.kind == EncodingKind::none && encoding.down == EncodingKind::none) return "";
  std::string text = fmt::format(" | {}", name_of(kEncodings, encoding.kind));
  if (encoding.down != EncodingKind::none) text += fmt::format(", down {}", name_of(kEncodings, encoding.down));
  return text;
}

}  // namespace msfusion
