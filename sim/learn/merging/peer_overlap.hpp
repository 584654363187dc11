// The overlap mean without a server: every peer merges what it received.
#pragma once

#include "sim/learn/merging/merge.hpp"

namespace msfusion {

std::unique_ptr<ModelState> make_peer_overlap(const MergeContext& context);

}  // namespace msfusion
