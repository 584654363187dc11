#include "sim/data/shared_bytes.hpp"

#include <fmt/format.h>

#include <boost/interprocess/file_mapping.hpp>
#include <boost/interprocess/mapped_region.hpp>
#include <cassert>
#include <filesystem>

#include "sim/base/error.hpp"
#include "sim/data/input_file.hpp"

namespace msfusion {

SharedBytes::SharedBytes(std::vector<std::uint8_t> bytes) : size_(bytes.size()) {
  auto held = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
  begin_ = held->data();
  holder_ = std::move(held);
}

SharedBytes SharedBytes::of_file(const std::string& file) {
  namespace ipc = boost::interprocess;
  const InputFile readable(file);
  SharedBytes result;
  if (std::filesystem::file_size(file) == 0) return result;  // nothing can be mapped
  try {
    const ipc::file_mapping mapping(file.c_str(), ipc::read_only);
    auto region = std::make_shared<const ipc::mapped_region>(mapping, ipc::read_only);
    result.begin_ = static_cast<const std::uint8_t*>(region->get_address());
    result.size_ = region->get_size();
    result.holder_ = std::move(region);
  } catch (const ipc::interprocess_exception& error) {
    throw UserError(Mistake{file, 0, fmt::format("it cannot be mapped into memory: {}", error.what()),
                            "a file on a disk of this machine"});
  }
  return result;
}

SharedBytes SharedBytes::part(std::size_t offset, std::size_t count) const {
  assert(offset <= size_ && count <= size_ - offset);
  SharedBytes result = *this;
  result.begin_ += offset;
  result.size_ = count;
  return result;
}

}  // namespace msfusion
