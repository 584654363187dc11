// Text as token numbers: words separated by white space, or single characters.
#pragma once

#include <string>
#include <vector>

#include "sim/data/dataset.hpp"

namespace msfusion {

enum class TextUnit {
  word,       ///< between white space; every line end is the token <eos> (a last line without one gets it too)
  character,  ///< one UTF-8 code point, line ends included
};

/// The training and the test text (gzip or not) and the vocabulary of the training text: the most frequent token is
/// number 0, equal counts in the order of their bytes. A test token that the training text lacks becomes <unk>, which
/// is added to the vocabulary (last) if it is needed and not in the training text. `window` is the length of a sample.
/// Throws UserError: a missing or empty file, damaged UTF-8 (characters only) with its byte, less than one window.
Dataset read_text(const std::string& train_file, const std::string& test_file, TextUnit unit, int window);

/// Each file is a client's: its last tenth of tokens belongs to the test text, and the windows in front of that are the
/// client's group (in train_images.groups). Every part begins with a line end, so that no window's last target is a
/// token of another client. Throws as read_text() does, for a file with less than a window of training text as well.
Dataset read_clients_text(const std::vector<std::string>& files, TextUnit unit, int window);

/// One file: its last tenth of tokens is the test text.
Dataset read_text(const std::string& file, TextUnit unit, int window);

}  // namespace msfusion
