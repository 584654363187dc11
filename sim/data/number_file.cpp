#include "sim/data/number_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

using Type = NumberArray::Type;

constexpr const char* kNpyAllowed = "an array that numpy.save wrote: numbers, in C order";
constexpr std::size_t kMostDimensions = 8;

struct TypeName {
  const char* name;
  Type type;
  std::size_t bytes;
};
constexpr TypeName kTypes[] = {{"b1", Type::boolean, 1}, {"u1", Type::u8, 1},  {"i1", Type::i8, 1},
                               {"u2", Type::u16, 2},     {"i2", Type::i16, 2}, {"u4", Type::u32, 4},
                               {"i4", Type::i32, 4},     {"u8", Type::u64, 8}, {"i8", Type::i64, 8},
                               {"f2", Type::f16, 2},     {"f4", Type::f32, 4}, {"f8", Type::f64, 8}};

template <class T>
T at(const std::uint8_t* bytes, std::int64_t element) {
  T value;
  std::memcpy(&value, bytes + static_cast<std::size_t>(element) * sizeof(T), sizeof(T));
  return value;
}

double of_half(std::uint16_t half) {
  const int exponent = (half >> 10) & 31, fraction = half & 1023;
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  if (exponent == 31) return fraction == 0 ? sign * HUGE_VAL : std::nan("");
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

// What stands behind 'key': in the header, a Python dictionary.
std::string value_of(const std::string& header, const std::string& key) {
  const std::size_t found = header.find("'" + key + "':");
  if (found == std::string::npos) return "";
  std::size_t begin = found + key.size() + 3;
  while (begin < header.size() && header[begin] == ' ') ++begin;
  if (begin == header.size()) return "";
  const char open = header[begin];
  const std::size_t end = open == '\''  ? header.find('\'', begin + 1)
                          : open == '(' ? header.find(')', begin)
                                        : header.find_first_of(",}", begin);
  if (end == std::string::npos) return "";
  return open == '\'' || open == '(' ? header.substr(begin + 1, end - begin - 1) : header.substr(begin, end - begin);
}

}  // namespace

NumberArray::NumberArray(SharedBytes bytes, std::string source) : bytes_(std::move(bytes)), source_(std::move(source)) {
  read_header();
}

void NumberArray::fail_at(std::uint64_t offset, const std::string& found) const {
  throw UserError(Mistake{source_, 0, fmt::format("byte {}: {}", offset, found), kNpyAllowed});
}

void NumberArray::fail(std::int64_t element, const std::string& found, const std::string& allowed) const {
  throw UserError(Mistake{source_, 0, fmt::format("element {}: {}", element, found), allowed});
}

void NumberArray::read_header() {
  constexpr char kMagic[] = "\x93NUMPY";
  if (bytes_.size() < 10 || std::memcmp(bytes_.data(), kMagic, 6) != 0) fail_at(0, "not NumPy's mark");
  const bool is_first_version = bytes_[6] == 1;
  const std::size_t length_bytes = is_first_version ? 2 : 4;
  if (bytes_[6] < 1 || bytes_[6] > 3) fail_at(6, fmt::format("version {}", bytes_[6]));
  if (bytes_.size() < 8 + length_bytes) fail_at(bytes_.size(), "the file ends within its header");
  std::size_t length = 0;
  for (std::size_t i = 0; i < length_bytes; ++i) length |= static_cast<std::size_t>(bytes_[8 + i]) << (8 * i);
  begin_ = 8 + length_bytes + length;
  if (begin_ > bytes_.size()) fail_at(8, fmt::format("a header of {} bytes in a file of {}", length, bytes_.size()));
  const std::string header(bytes_.data() + 8 + length_bytes, bytes_.data() + begin_);
  read_type(header);
  if (value_of(header, "fortran_order").rfind("False", 0) != 0) fail_at(10, "not in C order");
  read_shape(header);
  const auto held = (bytes_.size() - begin_) / item_bytes_;
  if (static_cast<std::size_t>(size_) != held || (bytes_.size() - begin_) % item_bytes_ != 0)
    fail_at(begin_, fmt::format("{} bytes of data for {} elements of {}", bytes_.size() - begin_, size_, item_bytes_));
}

void NumberArray::read_type(const std::string& header) {
  const std::string text = value_of(header, "descr");
  const std::string name = text.empty() ? "" : text.substr(1);
  const auto* known =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](const TypeName& t) { return name == t.name; });
  if (known == std::end(kTypes) || (text[0] != '<' && text[0] != '|'))
    fail_at(10, fmt::format("elements of the type \"{}\"", text));
  type_ = known->type;
  item_bytes_ = known->bytes;
}

void NumberArray::read_shape(const std::string& header) {
  constexpr std::int64_t kMost = std::int64_t{1} << 40;
  if (header.find("'shape':") == std::string::npos) fail_at(10, "no shape");
  size_ = 1;
  std::int64_t number = -1;
  for (const char c : value_of(header, "shape") + ",") {
    if (std::isdigit(static_cast<unsigned char>(c))) {
      number = std::max<std::int64_t>(number, 0) * 10 + (c - '0');
    } else if (c == ',' && number >= 0) {
      shape_.push_back(number);
      if (shape_.size() > kMostDimensions || (number > 0 && size_ > kMost / number))
        fail_at(10, "its shape is too large");
      size_ *= number;
      number = -1;
    } else if (c != ',' && c != ' ') {
      fail_at(10, "its shape is no list of whole numbers");
    }
    if (number > kMost) fail_at(10, "its shape is too large");
  }
}

std::int64_t NumberArray::whole(std::int64_t element) const {
  switch (type_) {
    case Type::boolean:
    case Type::u8:
      return at<std::uint8_t>(bytes(), element);
    case Type::i8:
      return at<std::int8_t>(bytes(), element);
    case Type::u16:
      return at<std::uint16_t>(bytes(), element);
    case Type::i16:
      return at<std::int16_t>(bytes(), element);
    case Type::u32:
      return at<std::uint32_t>(bytes(), element);
    case Type::i32:
      return at<std::int32_t>(bytes(), element);
    case Type::u64:
      return static_cast<std::int64_t>(
          std::min<std::uint64_t>(at<std::uint64_t>(bytes(), element), std::uint64_t{INT64_MAX}));
    default:
      return at<std::int64_t>(bytes(), element);
  }
}

double NumberArray::number(std::int64_t element) const {
  switch (type_) {
    case Type::f16:
      return of_half(at<std::uint16_t>(bytes(), element));
    case Type::f32:
      return static_cast<double>(at<float>(bytes(), element));
    case Type::f64:
      return at<double>(bytes(), element);
    default:
      return static_cast<double>(whole(element));
  }
}

NumberArray read_npy(const std::string& file) {
  return {SharedBytes::of_file(file), file};
}

}  // namespace msfusion
