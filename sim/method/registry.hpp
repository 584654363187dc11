// The table of all methods; adding one is a file in methods/ and a line here.
#pragma once

#include <string>
#include <vector>

#include "sim/method/method.hpp"

namespace msfusion {

struct MethodEntry {
  const char* name;
  Method (*make)();
  const char* summary;  ///< one line
  const char* source;   ///< the paper
};

const std::vector<MethodEntry>& method_table();


/// The method as its row makes it, with its name.
Method method_of(const MethodEntry& entry);

Method make_msfusion();
Method make_fedavg();
Method make_narrow();
Method make_fedprox();
Method make_fedavgm();
Method make_fedadam();
Method make_scaffold();
Method make_moon();
Method make_heterofl();
Method make_fedrolex();
Method make_feddropout();
Method make_dpsgd();
Method make_dfedavg();
Method make_splitfed();
Method make_fedavg_distill();
Method make_dsfl();
Method make_local();
Method make_centralised();
Method make_fedasync();
Method make_fedbuff();

}  // namespace msfusion
