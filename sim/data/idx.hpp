// The IDX files of MNIST and its relatives (gzip or not): one file of images, one of labels.
#pragma once

#include <string>

#include "sim/data/dataset.hpp"

namespace msfusion {

/// IDX3 unsigned bytes: big-endian 0x00000803, count, rows, columns, then the pixels row by row.
/// IDX1 unsigned bytes: big-endian 0x00000801, count, then the labels.
struct IdxFiles {
  std::string images, labels;
};

struct IdxRules {
  int first_label = 0;  ///< what stands in the file for class 0
  int classes = 10;
  bool transposed = false;  ///< EMNIST stores columns first: turned here, so that letters stand upright
  bool pixels = true;       ///< false: only the header of the images is read
};

/// Throws UserError with file and byte: wrong magic number, no or too many images, sizes of 0, a truncated or longer
/// file, labels out of range, different counts of images and labels.
ImageSet read_idx(const IdxFiles& files, const IdxRules& rules);

}  // namespace msfusion
