// Attributes that are a list of shares.
#pragma once

#include <string>
#include <vector>

#include "sim/base/value_type.hpp"

namespace msfusion {

/// One number or more, each above 0 and up to 1.
inline TypeOf<std::vector<double>> one_or_more_shares() {
  TypeOf<std::vector<double>> shares = list_of(number_above(0, 1));
  shares.parse = [parse = shares.parse](const std::string& written) {
    auto list = parse(written);
    if (list && list->empty()) list.reset();
    return list;
  };
  return shares;
}

}  // namespace msfusion
