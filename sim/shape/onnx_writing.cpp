// ONNX graphs as protocol-buffer bytes.
#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "sim/base/error.hpp"
#include "sim/shape/onnx_fields.hpp"
#include "sim/shape/onnx_file.hpp"

namespace msfusion {

namespace {

constexpr int kFormat = 7, kOperatorSet = 14;
constexpr std::size_t kMostBytes = (std::size_t{1} << 31) - 1;

// A message: fields one after the other.
class Message {
 public:
  void number(int field, std::int64_t value) {
    varint(static_cast<std::uint64_t>(field) << 3);
    varint(static_cast<std::uint64_t>(value));
  }
  void real(int field, float value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 5);
    std::uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    for (int i = 0; i < 4; ++i) bytes_.push_back(static_cast<char>(bits >> (8 * i)));
  }
  void text(int field, std::string_view value) {
    varint(static_cast<std::uint64_t>(field) << 3 | 2);
    varint(value.size());
    bytes_ += value;
  }
  void message(int field, const Message& inner) { text(field, inner.bytes_); }
  template <class Number>
  void raw(int field, const std::vector<Number>& numbers) {
    text(field, {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)});
  }

  std::string take() && { return std::move(bytes_); }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

Message tensor_message(const OnnxTensor& tensor) {
  Message message;
  for (const std::int64_t size : tensor.sizes) message.number(onnx::kSizes, size);
  const bool is_whole = !tensor.wholes.empty();
  message.number(onnx::kType, is_whole ? onnx::kWholes : onnx::kFloats);
  message.text(onnx::kName, tensor.name);
  if (is_whole)
    message.raw(onnx::kRaw, tensor.wholes);
  else
    message.raw(onnx::kRaw, tensor.floats);
  return message;
}

Message attribute_message(const std::string& name, const OnnxAttribute& attribute) {
  Message message;
  message.text(onnx::kAttributeName, name);
  switch (attribute.kind) {
    case onnx::kIsReal:
      message.real(onnx::kReal, static_cast<float>(attribute.real));
      break;
    case onnx::kIsWhole:
      message.number(onnx::kWhole, attribute.whole);
      break;
    case onnx::kIsText:
      message.text(onnx::kString, attribute.text);
      break;
    case onnx::kIsTensor:
      message.message(onnx::kTensor, tensor_message(attribute.tensor));
      break;
    default:
      for (const std::int64_t whole : attribute.wholes) message.number(onnx::kWholeList, whole);
      break;
  }
  message.number(onnx::kKind, attribute.kind);
  return message;
}

Message node_message(const OnnxNode& node) {
  Message message;
  for (const std::string& input : node.inputs) message.text(onnx::kNodeInput, input);
  for (const std::string& output : node.outputs) message.text(onnx::kNodeOutput, output);
  message.text(onnx::kNodeName, node.name);
  message.text(onnx::kNodeKind, node.kind);
  for (const auto& [name, attribute] : node.attributes)
    message.message(onnx::kAttribute, attribute_message(name, attribute));
  return message;
}

Message value_message(const OnnxValue& value) {
  Message shape;
  for (const std::int64_t size : value.sizes) {
    Message dimension;
    if (size < 0)
      dimension.text(onnx::kSizeName, "n");
    else
      dimension.number(onnx::kSize, size);
    shape.message(onnx::kDimension, dimension);
  }
  Message tensor, type, message;
  tensor.number(onnx::kElement, value.is_whole ? onnx::kWholes : onnx::kFloats);
  tensor.message(onnx::kShape, shape);
  type.message(onnx::kTensorType, tensor);
  message.text(onnx::kValueName, value.name);
  message.message(onnx::kValueType, type);
  return message;
}

}  // namespace

std::string onnx_bytes(const OnnxGraph& graph, const std::map<std::string, std::string>& metadata) {
  Message content;
  for (const OnnxNode& node : graph.nodes) content.message(onnx::kNode, node_message(node));
  content.text(onnx::kGraphName, "model");
  for (const OnnxTensor& constant : graph.constants) content.message(onnx::kConstant, tensor_message(constant));
  for (const OnnxValue& input : graph.inputs) content.message(onnx::kInput, value_message(input));
  for (const OnnxValue& output : graph.outputs) content.message(onnx::kOutput, value_message(output));
  Message operators, model;
  operators.number(onnx::kOperatorVersion, kOperatorSet);
  model.number(onnx::kVersion, kFormat);
  model.text(onnx::kProducer, "msfusion");
  model.message(onnx::kGraph, content);
  model.message(onnx::kOperators, operators);
  for (const auto& [key, text] : metadata) {
    Message entry;
    entry.text(onnx::kKey, key);
    entry.text(onnx::kText, text);
    model.message(onnx::kMetadata, entry);
  }
  std::string bytes = std::move(model).take();
  if (bytes.size() > kMostBytes)
    throw UserError(Mistake{"", 0, fmt::format("an ONNX file of {} bytes", bytes.size()),
                            "2 GiB, the most that one can have; or a file that ends in .safetensors"});
  return bytes;
}

}  // namespace msfusion
