// One PNG or JPEG file: its size, and its pixels.
#pragma once

#include <cstdint>
#include <string>

namespace msfusion {

struct ImageHeader {
  int width = 0, height = 0;
  bool grey = false;
};

/// From the file's first bytes, whatever its name. Throws UserError: neither PNG nor JPEG, damaged, larger than 4096 x
/// 4096.
ImageHeader read_image_header(const std::string& path);

/// Fills `out` with `channels` planes (1: grey, 3: red, green, blue) of the size in the header.
/// Throws UserError for a damaged file or one whose size is not `width` x `height`.
void read_image(const std::string& path, int channels, int width, int height, std::uint8_t* out);

}  // namespace msfusion
