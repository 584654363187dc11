// Writes numbers, texts and tensors to a binary stream, and reads them. A tensor that several variables share is
// written once and is shared again after reading.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <initializer_list>
#include <istream>
#include <ostream>
#include <string>
#include <unordered_map>
#include <vector>

#include "sim/shape/slice.hpp"

namespace msfusion {

/// Little-endian machines only, as all that LibTorch's x86 and ARM builds run on.
class StateWriter {
 public:
  explicit StateWriter(std::ostream& out) : out_(out) {}
  void number(std::int64_t value);
  void real(double value);
  void text(const std::string& value);
  void tensor(const at::Tensor& value);  ///< contiguous float, double or int32; may be undefined
  void tensors(const std::vector<at::Tensor>& values);
  void slice(const WidthSlice& value);

 private:
  std::ostream& out_;
  std::unordered_map<const void*, std::int64_t> written_;
};

/// Throws RunError if the stream ends early or does not hold what is expected.
class StateReader {
 public:
  explicit StateReader(std::istream& in);
  std::int64_t number();
  std::int64_t number(std::int64_t lowest, std::int64_t highest);
  double real();
  std::string text();
  at::Tensor tensor();
  std::vector<at::Tensor> tensors();
  WidthSlice slice();

  // These check that what they read fits the model, so that later code stays within its bounds.
  at::Tensor tensor(at::ScalarType type, std::int64_t elements);
  at::Tensor optional_tensor(at::ScalarType type, std::int64_t elements);  ///< may be undefined
  /// Their number must be one of `counts`.
  std::vector<at::Tensor> tensors(std::initializer_list<std::size_t> counts, at::ScalarType type,
                                  std::int64_t elements);
  WidthSlice slice(const Shape& shape);

 private:
  void raw(void* to, std::size_t bytes);
  std::int64_t count(std::int64_t bytes_each);  // of elements that follow; checks that they are there

  std::istream& in_;
  std::int64_t bytes_left_ = 0;
  std::vector<at::Tensor> read_;
};

}  // namespace msfusion
