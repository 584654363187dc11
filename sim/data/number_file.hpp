// NumPy's files of numbers: .npy (one array) and .npz (several, by name).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/data/shared_bytes.hpp"

namespace msfusion {

/// An array in row-major order.
class NumberArray {
 public:
  enum class Type { boolean, u8, i8, u16, i16, u32, i32, u64, i64, f16, f32, f64 };

  /// `bytes` is a whole .npy file. Nothing that its header declares is believed before it is checked against its size.
  /// Throws UserError (source, byte offset, cause).
  NumberArray(SharedBytes bytes, std::string source);

  const std::vector<std::int64_t>& shape() const { return shape_; }
  std::int64_t size() const { return size_; }  ///< elements
  Type type() const { return type_; }
  bool is_whole() const { return type_ < Type::f16; }

  const std::uint8_t* bytes() const { return bytes_.data() + begin_; }  ///< of the elements
  SharedBytes elements() const { return bytes_.part(begin_, bytes_.size() - begin_); }
  double number(std::int64_t element) const;       ///< of whole numbers too
  std::int64_t whole(std::int64_t element) const;  ///< is_whole() must hold

  const std::string& source() const { return source_; }
  /// Throws the UserError "source: element I: found; allowed".
  [[noreturn]] void fail(std::int64_t element, const std::string& found, const std::string& allowed) const;

 private:
  void read_header();
  void read_type(const std::string& header);
  void read_shape(const std::string& header);
  [[noreturn]] void fail_at(std::uint64_t offset, const std::string& found) const;

  SharedBytes bytes_;
  std::string source_;
  std::vector<std::int64_t> shape_;
  std::int64_t size_ = 0;
  Type type_ = Type::u8;
  std::size_t begin_ = 0, item_bytes_ = 1;
};

NumberArray read_npy(const std::string& file);

/// The arrays of an archive whose names are among `wanted`, without ".npy". Deflated or stored; checksums are checked.
std::map<std::string, NumberArray> read_npz(const std::string& file, const std::vector<std::string>& wanted);

}  // namespace msfusion
