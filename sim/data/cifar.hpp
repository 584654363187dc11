// The binary layout of CIFAR-10 and CIFAR-100: records of labels and 3 x 32 x 32 bytes.
#pragma once

#include <string>
#include <vector>

#include "sim/data/dataset.hpp"

namespace msfusion {

/// CIFAR-10: a record is 1 byte label + 3072 bytes; CIFAR-100: coarse label, fine label, 3072 bytes. The fine label is
/// the class; the coarse one (a superclass of five) becomes the group, so that a natural partition deals superclasses.
enum class CifarKind { cifar10, cifar100 };

/// The files one after the other. Throws UserError with file and byte: a size that is not a whole number of records,
/// files of different sizes (a batch that was cut off), labels out of range.
ImageSet read_cifar(const std::vector<std::string>& files, CifarKind kind, bool pixels);

}  // namespace msfusion
