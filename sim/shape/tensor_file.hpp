// A model's values as a safetensors file, which PyTorch, JAX and others read:
// https://huggingface.co/docs/safetensors. Layout: the header's length (uint64, little-endian), the header (JSON:
// dtype, shape and place of every tensor, and texts about the whole), the tensors' bytes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace msfusion {

/// A tensor of 32-bit floats, row-major, its dimensions in PyTorch's order.
struct NamedTensor {
  std::string name;
  std::vector<std::int64_t> sizes;
  std::vector<float> values;
};

struct TensorFile {
  std::map<std::string, std::string> metadata;
  std::vector<NamedTensor> tensors;
};

/// The file's bytes. The tensors lie in the given order.
std::string to_safetensors(const TensorFile& file);

/// Reads what any writer of the format wrote, as long as all tensors are 32-bit floats. Nothing that the header
/// declares is believed before it is checked against the size of the file. `name` is for messages. Throws UserError
/// (file, byte offset, cause).
TensorFile parse_safetensors(const std::string& bytes, const std::string& name);

/// The same from a file, which becomes one of the experiment's inputs.
TensorFile read_safetensors(const std::string& file);

}  // namespace msfusion
