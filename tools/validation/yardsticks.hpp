// How fast the cores are from round to round: a program on each (msfusion-yardstick) that is asked in between.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tools/validation/child.hpp"

namespace msfusion {

class Yardsticks {
 public:
  /// One per core, compared with the catalogue's kind of device. Throws RunError.
  Yardsticks(const std::string& catalogue_file, const std::string& kind, const std::vector<int>& cores);

  /// How many times as long as the kind says training steps take now, by core; measured on all of them at once.
  std::map<int, double> slowness();

 private:
  std::map<int, std::unique_ptr<Child>> by_core_;
};

}  // namespace msfusion
