#include "sim/data/image_file.hpp"

#include <fmt/format.h>
#include <png.h>
#include <turbojpeg.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/input_files.hpp"

namespace msfusion {

namespace {
constexpr int kMaxSide = 4096;
constexpr std::uintmax_t kMaxFileBytes = 256u << 20;

[[noreturn]] void fail(const std::string& path, const std::string& found, const std::string& allowed) {
  throw UserError({path, 0, found, allowed});
}

std::vector<std::uint8_t> read_whole(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) fail(path, "the file cannot be read", "a PNG or JPEG file");
  if (size > kMaxFileBytes) fail(path, fmt::format("{} bytes", size), fmt::format("at most {}", kMaxFileBytes));
  std::vector<std::uint8_t> bytes(size);
  std::ifstream file(path, std::ios::binary);
  InputLog::note(path);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
    fail(path, "the file cannot be read", "a PNG or JPEG file");
  }
  return bytes;
}

class Png {
 public:
  Png(const std::string& path, const std::vector<std::uint8_t>& bytes) : path_(path) {
    image_.version = PNG_IMAGE_VERSION;
    if (!png_image_begin_read_from_memory(&image_, bytes.data(), bytes.size())) damaged();
  }
  ~Png() { png_image_free(&image_); }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;

  ImageHeader header() const {
    const auto limit = static_cast<png_uint_32>(kMaxSide) + 1;
    return {static_cast<int>(std::min(image_.width, limit)), static_cast<int>(std::min(image_.height, limit)),
            (image_.format & PNG_FORMAT_FLAG_COLOR) == 0};
  }
  void decode(int channels, std::uint8_t* interleaved) {
    image_.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
    const png_color black{0, 0, 0};  // behind transparent pixels
    if (!png_image_finish_read(&image_, &black, interleaved, 0, nullptr)) damaged();
  }

 private:
  [[noreturn]] void damaged() const {
    fail(path_, fmt::format("a damaged PNG file ({})", image_.message), "the undamaged file");
  }
  const std::string& path_;
  png_image image_{};
};

class Jpeg {
 public:
  Jpeg(const std::string& path, const std::vector<std::uint8_t>& bytes)
      : path_(path), bytes_(bytes), handle_(tjInitDecompress(), tjDestroy) {
    int subsampling = 0, colours = 0;
    if (!handle_ || tjDecompressHeader3(handle_.get(), bytes_.data(), bytes_.size(), &header_.width, &header_.height,
                                        &subsampling, &colours) != 0) {
      damaged();
    }
    header_.grey = colours == TJCS_GRAY;
  }
  ImageHeader header() const { return header_; }
  void decode(int channels, std::uint8_t* interleaved) {
    // A warning means a file that was cut off or altered: the rest would be grey.
    if (tjDecompress2(handle_.get(), bytes_.data(), bytes_.size(), interleaved, header_.width, 0, header_.height,
                      channels == 1 ? TJPF_GRAY : TJPF_RGB, TJFLAG_ACCURATEDCT) != 0) {
      damaged();
    }
  }

 private:
  [[noreturn]] void damaged() const {
    fail(path_, fmt::format("a damaged JPEG file ({})", tjGetErrorStr2(handle_.get())), "the undamaged file");
  }
  const std::string& path_;
  const std::vector<std::uint8_t>& bytes_;
  std::unique_ptr<void, int (*)(void*)> handle_;
  ImageHeader header_;
};

/// Calls `use` with the file's decoder.
template <class Use>
void with_decoder(const std::string& path, Use use) {
  const auto bytes = read_whole(path);
  const auto starts_with = [&](std::initializer_list<std::uint8_t> magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
  };
  if (starts_with({0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'})) {
    Png png(path, bytes);
    use(png);
  } else if (starts_with({0xff, 0xd8, 0xff})) {
    Jpeg jpeg(path, bytes);
    use(jpeg);
  } else {
    fail(path, "neither a PNG nor a JPEG file", "PNG or JPEG");
  }
}
}  // namespace

ImageHeader read_image_header(const std::string& path) {
  ImageHeader header;
  with_decoder(path, [&](auto& decoder) { header = decoder.header(); });
  if (header.width > kMaxSide || header.height > kMaxSide) {
    fail(path, "a larger image", fmt::format("at most {} x {} pixels", kMaxSide, kMaxSide));
  }
  return header;
}

void read_image(const std::string& path, int channels, int width, int height, std::uint8_t* out) {
  with_decoder(path, [&](auto& decoder) {
    const ImageHeader header = decoder.header();
    if (header.width != width || header.height != height) {
      fail(path, fmt::format("{} x {} pixels", header.width, header.height), fmt::format("{} x {}", width, height));
    }
    if (channels == 1) return decoder.decode(1, out);
    const std::size_t area = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    std::vector<std::uint8_t> interleaved(3 * area);
    decoder.decode(3, interleaved.data());
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t p = 0; p < area; ++p) out[c * area + p] = interleaved[3 * p + c];
    }
  });
}

}  // namespace msfusion
