// The graph of an ONNX file: its nodes and constants, as far as models are read from it.
// Protobuf's own reader takes at most 2 GiB, holds all weights once more, and does not say at which byte a file is
// damaged.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace msfusion {

/// Numbers that stand in the file: weights and shapes.
struct OnnxTensor {
  std::string name;
  std::vector<std::int64_t> sizes;
  std::vector<float> floats;         ///< of 32-bit floats
  std::vector<std::int64_t> wholes;  ///< of 64-bit whole numbers
};

struct OnnxAttribute {
  int kind = 0;  ///< which of the members it is, as ONNX numbers them; what is read does not need it
  double real = 0;
  std::int64_t whole = 0;
  std::vector<std::int64_t> wholes;
  std::string text;
  OnnxTensor tensor;
};

struct OnnxNode {
  std::string name, kind;
  std::vector<std::string> inputs, outputs;  ///< names of values; an empty one was left out
  std::map<std::string, OnnxAttribute> attributes;
};

struct OnnxValue {
  std::string name;
  std::vector<std::int64_t> sizes;  ///< -1: not stated
  bool is_whole = false;            ///< 64-bit whole numbers, not floats
};

struct OnnxGraph {
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> constants;
  std::vector<OnnxValue> inputs, outputs;
};

/// Reads protocol-buffer bytes; what they declare is checked against their size. Tensors of other types than floats and
/// whole numbers are there without their numbers. Throws UserError (file, byte offset, cause).
OnnxGraph parse_onnx(const std::string& bytes, const std::string& file);

/// The bytes of a file for version 14 of the operators, with texts about it. Throws UserError beyond 2 GiB, which no
/// reader takes.
std::string onnx_bytes(const OnnxGraph& graph, const std::map<std::string, std::string>& metadata);

}  // namespace msfusion
