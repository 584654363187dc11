// A data set in tables of text: rows of numbers and categories with a class each.
#pragma once

#include <string>

#include "sim/data/dataset.hpp"

namespace msfusion {

/// `place` is a folder with train.csv and test.csv, or one file, whose last tenth is the test split. The first line
/// names the columns; commas, semicolons or tabs separate them; a cell may stand in double quotes. The class stands in
/// the column target, label or class, otherwise in the last one; a column client is the key of a natural partition. A
/// column whose training values are all numbers is a feature; any other is a feature for each of its values, 1 where
/// the row has it. Classes are the training split's, in order. Throws UserError (file, line, column).
Dataset read_csv_set(const std::string& place, bool values);

/// Throws UserError where the files are not there.
void check_csv_set(const std::string& place);

}  // namespace msfusion
