// Slices and spans as the text of one cell of the store, and back.
#pragma once

#include <string>
#include <vector>

#include "sim/record/records.hpp"

namespace msfusion {

/// "0+4/16 ~3+2/8": start+length/size of each axis, with a tilde where the units are not a window.
std::string text_of(const std::vector<AxisSlice>& slice);

/// "r:0:1.5 cs:1.5:9": what:from:to of each span, where `what` is of c computes, s sends, r receives, o is off; seconds
/// to nine digits.
std::string text_of(const std::vector<SpanRecord>& spans);

/// The inverses. Both throw std::invalid_argument for any text that text_of() does not write.
std::vector<AxisSlice> slice_from(const std::string& text);
std::vector<SpanRecord> spans_from(const std::string& text);

}  // namespace msfusion
