// A data set in NumPy's files: anybody's own images or rows of numbers.
#pragma once

#include <string>

#include "sim/data/dataset.hpp"

namespace msfusion {

/// `place` is a folder with train.npz and test.npz (x, y and optionally client), a folder with x_train.npy,
/// y_train.npy, x_test.npy, y_test.npy and optionally client_train.npy, or one .npz with arrays of those names. x:
/// [samples, features], [samples, height, width], [samples, channels, height, width], or channels last where only the
/// last dimension is 1, 3 or 4. Bytes stay pixels, other numbers become 32-bit floats. y: whole numbers from 0.
/// client: the key of a natural partition, any whole numbers. Throws UserError.
Dataset read_array_set(const std::string& place, bool values);

/// Throws UserError where the files are not there.
void check_array_set(const std::string& place);

}  // namespace msfusion
