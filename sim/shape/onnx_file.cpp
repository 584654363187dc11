#include "sim/shape/onnx_file.hpp"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "sim/base/error.hpp"
#include "sim/shape/onnx_fields.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostDimensions = 8, kMostNodes = 100'000;

// A part of the file: fields one after the other.
class Message {
 public:
  Message(const std::string& bytes, const std::string& file, std::size_t begin, std::size_t end)
      : bytes_(bytes), file_(file), at_(begin), end_(end) {}

  struct Field {
    int number = 0, wire = 0;
    std::uint64_t value = 0;         ///< of numbers
    std::size_t begin = 0, end = 0;  ///< of texts and messages
  };

  bool next(Field& field) {
    if (at_ == end_) return false;
    const std::uint64_t key = varint();
    field = {static_cast<int>(key >> 3 & 0xffff), static_cast<int>(key & 7), 0, 0, 0};
    if (key >> 3 == 0 || key >> 3 > 0xffff) fail("no field of a message");
    switch (field.wire) {
      case 0:
        field.value = varint();
        break;
      case 1:
        field.value = fixed(8);
        break;
      case 5:
        field.value = fixed(4);
        break;
      case 2: {
        const std::uint64_t length = varint();
        if (length > end_ - at_) fail(fmt::format("{} bytes where {} are left", length, end_ - at_));
        field.begin = at_;
        at_ += static_cast<std::size_t>(length);
        field.end = at_;
        break;
      }
      default:
        fail("a kind of field that ONNX does not have");
    }
    return true;
  }

  Message inside(const Field& field) const {
    if (field.wire != 2) fail("a number where a message is expected");
    return {bytes_, file_, field.begin, field.end};
  }
  std::string text(const Field& field) const {
    if (field.wire != 2) fail("a number where a text is expected");
    return bytes_.substr(field.begin, field.end - field.begin);
  }
  // One number, or a packed list of them.
  void append_wholes(const Field& field, std::vector<std::int64_t>& list) const {
    if (field.wire != 2) {
      list.push_back(static_cast<std::int64_t>(field.value));
      return;
    }
    Message packed = inside(field);
    while (packed.at_ < packed.end_) list.push_back(static_cast<std::int64_t>(packed.varint()));
  }
  void append_floats(const Field& field, std::vector<float>& list) const {
    if (field.wire == 5) {
      list.push_back(float_of(static_cast<std::uint32_t>(field.value)));
      return;
    }
    Message packed = inside(field);
    while (packed.at_ < packed.end_) list.push_back(float_of(static_cast<std::uint32_t>(packed.fixed(4))));
  }

  static float float_of(std::uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }

  [[noreturn]] void fail(const std::string& found) const {
    throw UserError(Mistake{file_, 0, fmt::format("byte {}: {}", at_, found), "a file that torch.onnx.export wrote"});
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at_ == end_) fail("a number ends here");
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    fail("a number of more than 64 bits");
  }
  std::uint64_t fixed(std::size_t count) {
    if (end_ - at_ < count) fail("a number ends here");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes_[at_ + i])) << (8 * i);
    at_ += count;
    return value;
  }

  const std::string& bytes_;
  const std::string& file_;
  std::size_t at_, end_;
};

using Field = Message::Field;

// Raw bytes as the numbers of a type.
template <class Number>
void take_raw(const std::string& raw, std::vector<Number>& numbers) {
  numbers.resize(raw.size() / sizeof(Number));
  if (!numbers.empty()) std::memcpy(numbers.data(), raw.data(), numbers.size() * sizeof(Number));
}

OnnxTensor read_tensor(Message message) {
  OnnxTensor tensor;
  std::string raw;
  std::int64_t type = 0, place = 0;
  for (Field f; message.next(f);) switch (f.number) {
      case onnx::kSizes:
        message.append_wholes(f, tensor.sizes);
        break;
      case onnx::kType:
        type = static_cast<std::int64_t>(f.value);
        break;
      case onnx::kFloatData:
        message.append_floats(f, tensor.floats);
        break;
      case onnx::kWholeData:
        message.append_wholes(f, tensor.wholes);
        break;
      case onnx::kName:
        tensor.name = message.text(f);
        break;
      case onnx::kRaw:
        raw = message.text(f);
        break;
      case onnx::kPlace:
        place = static_cast<std::int64_t>(f.value);
        break;
      default:
        break;
    }
  if (place != 0) message.fail(fmt::format("tensor \"{}\" lies in a file of its own", tensor.name));
  if (type == onnx::kFloats && !raw.empty()) take_raw(raw, tensor.floats);
  if (type == onnx::kWholes && !raw.empty()) take_raw(raw, tensor.wholes);
  const std::size_t held = type == onnx::kFloats ? tensor.floats.size() : tensor.wholes.size();
  if (tensor.sizes.size() > kMostDimensions) message.fail(fmt::format("tensor \"{}\" has too many sizes", tensor.name));
  std::uint64_t count = 1;
  for (const std::int64_t size : tensor.sizes) {
    const bool fits = size >= 0 && (size == 0 || count <= (std::uint64_t{1} << 40) / static_cast<std::uint64_t>(size));
    if (!fits) message.fail(fmt::format("tensor \"{}\" has a wrong size", tensor.name));
    count *= static_cast<std::uint64_t>(size);
  }
  if ((type == onnx::kFloats || type == onnx::kWholes) && held != count)
    message.fail(fmt::format("tensor \"{}\" has {} numbers, and sizes for {}", tensor.name, held, count));
  return tensor;
}

std::pair<std::string, OnnxAttribute> read_attribute(Message message) {
  std::pair<std::string, OnnxAttribute> result;
  auto& [name, attribute] = result;
  for (Field f; message.next(f);) switch (f.number) {
      case onnx::kAttributeName:
        name = message.text(f);
        break;
      case onnx::kReal:
        attribute.real = static_cast<double>(Message::float_of(static_cast<std::uint32_t>(f.value)));
        break;
      case onnx::kWhole:
        attribute.whole = static_cast<std::int64_t>(f.value);
        break;
      case onnx::kString:
        attribute.text = message.text(f);
        break;
      case onnx::kTensor:
        attribute.tensor = read_tensor(message.inside(f));
        break;
      case onnx::kWholeList:
        message.append_wholes(f, attribute.wholes);
        break;
      default:
        break;
    }
  return result;
}

OnnxNode read_node(Message message) {
  OnnxNode node;
  for (Field f; message.next(f);) switch (f.number) {
      case onnx::kNodeInput:
        node.inputs.push_back(message.text(f));
        break;
      case onnx::kNodeOutput:
        node.outputs.push_back(message.text(f));
        break;
      case onnx::kNodeName:
        node.name = message.text(f);
        break;
      case onnx::kNodeKind:
        node.kind = message.text(f);
        break;
      case onnx::kAttribute:
        node.attributes.insert(read_attribute(message.inside(f)));
        break;
      default:
        break;
    }
  return node;
}

OnnxValue read_value(Message message) {
  OnnxValue value;
  for (Field f; message.next(f);) {
    if (f.number == onnx::kValueName) value.name = message.text(f);
    if (f.number != onnx::kValueType) continue;
    Message type = message.inside(f);
    for (Field t; type.next(t);) {
      if (t.number != onnx::kTensorType) continue;
      Message tensor = type.inside(t);
      for (Field s; tensor.next(s);) {
        if (s.number != onnx::kShape) continue;
        Message shape = tensor.inside(s);
        for (Field d; shape.next(d);) {
          if (d.number != onnx::kDimension) continue;
          value.sizes.push_back(-1);
          Message dimension = shape.inside(d);
          for (Field n; dimension.next(n);)
            if (n.number == onnx::kSize && n.wire == 0) value.sizes.back() = static_cast<std::int64_t>(n.value);
        }
      }
    }
  }
  return value;
}

OnnxGraph read_graph(Message message) {
  OnnxGraph graph;
  for (Field f; message.next(f);) {
    if (f.number == onnx::kNode) graph.nodes.push_back(read_node(message.inside(f)));
    if (f.number == onnx::kConstant) graph.constants.push_back(read_tensor(message.inside(f)));
    if (f.number == onnx::kInput) graph.inputs.push_back(read_value(message.inside(f)));
    if (f.number == onnx::kOutput) graph.outputs.push_back(read_value(message.inside(f)));
    if (graph.nodes.size() > kMostNodes) message.fail(fmt::format("more than {} nodes", kMostNodes));
  }
  return graph;
}

}  // namespace

OnnxGraph parse_onnx(const std::string& bytes, const std::string& file) {
  Message model(bytes, file, 0, bytes.size());
  for (Field f; model.next(f);)
    if (f.number == onnx::kGraph) return read_graph(model.inside(f));
  model.fail("no graph");
}

}  // namespace msfusion
