// Winograd's algorithm F(4x4, 3x3) for convolutions (Lavin & Gray 2016): where training uses it.
#pragma once

#include <algorithm>
#include <cstdint>

namespace msfusion {

/// The sizes of a convolution that decide, in channels, positions and elements.
struct ConvolutionSizes {
  std::int64_t in = 0, out = 0, out_height = 0, out_width = 0, kernel = 0, stride = 0, padding = 0;
};

constexpr std::int64_t kWinogradTile = 4;          ///< outputs along either side of a tile
constexpr std::int64_t kWinogradPatch = 6;         ///< what such a tile reads, and is multiplied in
constexpr std::int64_t kFewestWinogradTiles = 20;  ///< of a batch

/// Tiles of a sample; 0 where the algorithm is none for these sizes or never pays. It pays where a batch has at least
/// kFewestWinogradTiles. Measured on AVX-512: forward and backward together 1.2 to 2.3 times as fast as the direct
/// algorithm within these bounds, changes of memory format included, and slower outside of them: where channels are
/// few, the transforms cost more than they save; where tiles are few, those of the weights do.
inline std::int64_t winograd_tiles(const ConvolutionSizes& sizes) {
  constexpr std::int64_t kFewestChannels = 24;
  const bool fits = sizes.kernel == 3 && sizes.stride == 1 && sizes.padding <= 1 &&
                    std::min(sizes.in, sizes.out) >= kFewestChannels &&
                    std::min(sizes.out_height, sizes.out_width) >= kWinogradTile;
  const auto along = [](std::int64_t length) { return (length + kWinogradTile - 1) / kWinogradTile; };
  return fits ? along(sizes.out_height) * along(sizes.out_width) : 0;
}

}  // namespace msfusion
