// A folder of classes: one folder of PNG or JPEG files per class, for training and for testing.
#pragma once

#include <string>

#include "sim/data/dataset.hpp"

namespace msfusion {

/// FOLDER/train/CLASS/FILE and FOLDER/test/CLASS/FILE (or val/ instead of test/). Classes are numbered in the order of
/// their names. Files may lie one folder deeper, train/CLASS/GROUP/FILE: then the deeper folders are the natural
/// partition's groups. Tiny-ImageNet as it is distributed: train/CLASS/images/FILE, val/images/FILE with
/// val/val_annotations.txt. All images have the same size; they are kept in one channel if every training image is
/// grey, else in three. Other files than .png, .jpg and .jpeg are left out. Throws UserError with the file.
Dataset read_image_folder(const std::string& folder, bool pixels);

}  // namespace msfusion
