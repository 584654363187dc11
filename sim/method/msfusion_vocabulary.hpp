// MSfusion's parts as attributes of <method>: the double shift, the contrastive term, the weight of a device's own
// value.
#pragma once

#include "sim/method/method.hpp"

namespace msfusion {

/// The vocabulary with the rows of MSfusion's parts at its end.
Vocabulary<Method> with_msfusion(Vocabulary<Method> vocabulary);

}  // namespace msfusion
