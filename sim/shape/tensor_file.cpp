#include "sim/shape/tensor_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "sim/base/error.hpp"
#include "sim/base/input_files.hpp"

namespace msfusion {

namespace {

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8, kAlignment = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // as the format's own reader has it
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kAllowed = "a safetensors file of 32-bit floats (F32)";

static_assert(sizeof(float) == 4);

// Refuses a file at an offset.
class Refusal {
 public:
  explicit Refusal(std::string file) : file_(std::move(file)) {}
  [[noreturn]] void at(std::uint64_t offset, const std::string& found) const {
    throw UserError(Mistake{file_, 0, fmt::format("byte {}: {}", offset, found), kAllowed});
  }
  void unless(bool holds, std::uint64_t offset, const std::string& found) const {
    if (!holds) at(offset, found);
  }

 private:
  std::string file_;
};

std::vector<std::uint64_t> whole_numbers(const json& list, const std::string& what, const Refusal& refuse) {
  std::vector<std::uint64_t> numbers;
  refuse.unless(list.is_array(), kLengthBytes, what + " is not a list of whole numbers");
  for (const json& number : list) {
    refuse.unless(number.is_number_unsigned(), kLengthBytes, what + " is not a list of whole numbers");
    numbers.push_back(number.get<std::uint64_t>());
  }
  return numbers;
}

// Of a shape; 0 stands for more than the file could hold as well.
std::uint64_t element_count(const std::vector<std::uint64_t>& sizes, std::uint64_t most) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : sizes) {
    if (size == 0 || count > most / size) return 0;
    count *= size;
  }
  return count;
}

NamedTensor read_tensor(const std::string& name, const json& entry, const std::string& bytes, std::uint64_t data,
                        const Refusal& refuse) {
  const std::string tensor = fmt::format("tensor \"{}\"", name);
  refuse.unless(entry.is_object() && entry.contains("dtype") && entry.contains("shape") &&
                    entry.contains("data_offsets") && entry["dtype"].is_string(),
                kLengthBytes, tensor + " lacks its dtype, shape or data_offsets");
  const auto type = entry["dtype"].get<std::string>();
  refuse.unless(type == "F32", kLengthBytes, fmt::format("{} is of type {}", tensor, type));
  const auto sizes = whole_numbers(entry["shape"], "the shape of " + tensor, refuse);
  const auto place = whole_numbers(entry["data_offsets"], "the data_offsets of " + tensor, refuse);
  const std::uint64_t room = bytes.size() - data;
  refuse.unless(place.size() == 2 && place[0] <= place[1] && place[1] <= room, kLengthBytes,
                fmt::format("{} lies outside the file's {} bytes of data", tensor, room));
  const std::uint64_t count = element_count(sizes, room / sizeof(float));
  refuse.unless(count > 0 && count * sizeof(float) == place[1] - place[0], data + place[0],
                fmt::format("{} has {} bytes, which its shape does not", tensor, place[1] - place[0]));
  NamedTensor result{name, {sizes.begin(), sizes.end()}, std::vector<float>(count)};
  std::memcpy(result.values.data(), bytes.data() + data + place[0], count * sizeof(float));
  return result;
}

}  // namespace

std::string to_safetensors(const TensorFile& file) {
  json header = json::object();
  if (!file.metadata.empty()) header[kMetadata] = file.metadata;
  std::uint64_t end = 0;
  for (const NamedTensor& tensor : file.tensors) {
    const std::uint64_t begin = end;
    end += tensor.values.size() * sizeof(float);
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.sizes}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump(-1, ' ', false, json::error_handler_t::replace);
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');  // so that the data is aligned
  std::string bytes;
  bytes.reserve(kLengthBytes + text.size() + end);
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i)));
  bytes += text;
  for (const NamedTensor& tensor : file.tensors)
    bytes.append(reinterpret_cast<const char*>(tensor.values.data()), tensor.values.size() * sizeof(float));
  return bytes;
}

TensorFile parse_safetensors(const std::string& bytes, const std::string& name) {
  const Refusal refuse(name);
  refuse.unless(bytes.size() >= kLengthBytes, bytes.size(), "the file ends before its header's length");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  refuse.unless(length <= kLongestHeader && length <= bytes.size() - kLengthBytes, 0,
                fmt::format("a header of {} bytes in a file of {}", length, bytes.size()));
  const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(kLengthBytes);
  const json header = json::parse(begin, begin + static_cast<std::ptrdiff_t>(length), nullptr, false);
  refuse.unless(header.is_object(), kLengthBytes, "the header is not a JSON object");

  TensorFile file;
  std::vector<std::pair<std::uint64_t, NamedTensor>> tensors;
  for (const auto& [key, entry] : header.items()) {
    if (key == kMetadata) {
      refuse.unless(entry.is_object(), kLengthBytes, "the metadata is not an object");
      for (const auto& [about, text] : entry.items()) {
        refuse.unless(text.is_string(), kLengthBytes, fmt::format("the metadata \"{}\" is not a text", about));
        file.metadata[about] = text.get<std::string>();
      }
      continue;
    }
    NamedTensor tensor = read_tensor(key, entry, bytes, kLengthBytes + length, refuse);
    tensors.emplace_back(entry["data_offsets"][0].get<std::uint64_t>(), std::move(tensor));
  }
  std::stable_sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [place, tensor] : tensors) file.tensors.push_back(std::move(tensor));
  return file;
}

TensorFile read_safetensors(const std::string& file) {
  InputLog::note(file);
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in.good() && !in.eof()) throw UserError(Mistake{file, 0, "the file cannot be read", kAllowed});
  return parse_safetensors(bytes, file);
}

}  // namespace msfusion
